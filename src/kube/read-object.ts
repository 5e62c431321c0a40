import type { Cluster, KubeRequest } from './cluster.ts';
import { KubeApiError } from './kube-api-error.ts';

/**
 * @param path of one object
 * @returns the object; null where there is none of that name
 * @throws KubeApiError, also where the cluster does not know the kind: of that it says `not-found` too, in no words of its own
 */
export async function readObject(
  cluster: Cluster,
  path: string,
  options: Pick<KubeRequest, 'signal' | 'timeoutMs'> = {},
): Promise<object | null> {
  try {
    return Object(await cluster.request({ method: 'GET', path, ...options }));
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 'not-found' && error.answer !== undefined) return null;
    throw error;
  }
}
