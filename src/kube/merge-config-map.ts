import type { Cluster } from './cluster.ts';
import { KubeApiError } from './kube-api-error.ts';

/**
 * Writes these entries into a ConfigMap, which is made where it is missing; its other entries stay.
 *
 * @throws KubeApiError
 */
export async function mergeConfigMap(
  cluster: Cluster,
  { namespace, name }: { readonly namespace: string; readonly name: string },
  data: Readonly<Record<string, string>>,
): Promise<void> {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  const contentType = 'application/merge-patch+json';
  try {
    await cluster.request({ method: 'PATCH', path: `${path}/${name}`, contentType, body: { data } });
  } catch (error) {
    if (!(error instanceof KubeApiError && error.code === 'not-found')) throw error;
    const body = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace }, data };
    await cluster.request({ method: 'POST', path, body });
  }
}
