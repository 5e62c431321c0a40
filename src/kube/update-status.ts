import { z } from 'zod';
import type { Cluster } from './cluster.ts';
import { type ResourceType, resourcePath } from './resource-type.ts';

/** An object, and the state of it that a write is made from. */
export interface WriteTarget {
  readonly namespace?: string;
  readonly name: string;
  readonly uid: string;
  readonly resourceVersion: string;
}

const Written = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/**
 * Replaces the status in one request, and only if the object is still the one that it was made from: not changed, not
 * deleted and made again under the same name.
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
    method: 'PATCH',
    path: `${resourcePath(resource, { namespace, name })}/status`,
    contentType: 'application/json-patch+json',
    body: [
      // The API server compares both with what it has, and answers 409 where they differ.
      { op: 'add', path: '/metadata/uid', value: uid },
      { op: 'add', path: '/metadata/resourceVersion', value: resourceVersion },
      { op: 'add', path: '/status', value: status },
    ],
  });
  return Written.parse(written).metadata.resourceVersion;
}
