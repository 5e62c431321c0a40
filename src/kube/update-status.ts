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
