import { z } from 'zod';
import type { Cluster } from './cluster.ts';
import { apiVersionOf, type ResourceType, resourcePath } from './resource-type.ts';

/** An object, and the state of it that a write is made from. */
export interface WriteTarget {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

const Written = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** Of the object as written nothing is needed but its state: the rest need not be rendered, sent and parsed. */
const METADATA_ONLY = 'application/json;as=PartialObjectMetadata;g=meta.k8s.io;v=v1';

/**
 * Replaces the status in one request, and only if the object is still the one that it was made from: not changed, not
 * deleted and made again under the same name. A PUT is what the API server does with the least work; of its status
 * subresource it takes the status and nothing else.
 *
 * @returns the resourceVersion of the object as written
 * @throws KubeApiError `conflict` where the object has changed, `not-found` where it is gone
 */
export async function updateStatus(
  cluster: Cluster,
  resource: ResourceType,
  { namespace, name, uid, resourceVersion }: WriteTarget,
  status: object,
): Promise<string> {
  const written = await cluster.request({
    method: 'PUT',
    path: `${resourcePath(resource, { namespace, name })}/status`,
    accept: METADATA_ONLY,
    // The API server compares uid and resourceVersion with what it has, and answers 409 where they differ.
    body: {
      apiVersion: apiVersionOf(resource),
      kind: resource.kind,
      metadata: { namespace, name, uid, resourceVersion },
      status,
    },
  });
  return Written.parse(written).metadata.resourceVersion;
}

/** What is at a place of an object, by its JSON pointer. */
export interface Fact {
  readonly path: string;
  /** Null: nothing is there. */
  readonly value: unknown;
}

/**
 * Replaces the status if the object is still what the facts say, whatever else of it has changed. The API server itself
 * compares and writes in one step, and again where somebody comes between: nobody can be in its way by writing often.
 *
 * @returns the resourceVersion of the object as written
 * @throws KubeApiError `invalid` where a fact does not hold any more, `not-found` where the object is gone
 */
export async function patchStatus(
  cluster: Cluster,
  resource: ResourceType,
  { namespace, name, uid }: Omit<WriteTarget, 'resourceVersion'>,
  facts: readonly Fact[],
  status: object,
): Promise<string> {
  const written = await cluster.request({
    method: 'PATCH',
    path: `${resourcePath(resource, { namespace, name })}/status`,
    contentType: 'application/json-patch+json',
    accept: METADATA_ONLY,
    body: [
      { op: 'test', path: '/metadata/uid', value: uid },
      ...facts.map((fact) => ({ op: 'test', ...fact })),
      // `add` replaces what is there.
      { op: 'add', path: '/status', value: status },
    ],
  });
  return Written.parse(written).metadata.resourceVersion;
}
