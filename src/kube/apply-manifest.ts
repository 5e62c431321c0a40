import { z } from 'zod';
import type { Cluster } from './cluster.ts';
import { KubeApiError } from './kube-api-error.ts';
import { resourcePath } from './resource-type.ts';

const Manifest = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string(), namespace: z.string().optional() }),
});

const ResourceList = z.object({
  resources: z.array(z.object({ name: z.string(), kind: z.string(), namespaced: z.boolean() })),
});

/**
 * Applies an object as `kubectl apply --server-side --force-conflicts` does. One without a namespace goes to `default`.
 *
 * @throws KubeApiError
 */
export async function applyManifest(cluster: Cluster, manifest: unknown, fieldManager: string): Promise<unknown> {
  const { apiVersion, kind, metadata } = Manifest.parse(manifest);
  const [group, version] = apiVersion.includes('/') ? apiVersion.split('/', 2) : ['', apiVersion];
  if (group === undefined || version === undefined)
    throw new KubeApiError('invalid', `${apiVersion} is no API version`);
  const root = group === '' ? `/api/${version}` : `/apis/${group}/${version}`;
  const { resources } = ResourceList.parse(await cluster.request({ method: 'GET', path: root }));
  const served = resources.find((resource) => resource.kind === kind && !resource.name.includes('/'));
  if (!served) throw new KubeApiError('not-found', `the API server does not serve ${kind} of ${apiVersion}`);
  const resource = { group, version, plural: served.name, kind, namespaced: served.namespaced };
  const namespace = served.namespaced ? (metadata.namespace ?? 'default') : undefined;
  return cluster.request({
    method: 'PATCH',
    path: resourcePath(resource, { namespace, name: metadata.name }),
    query: { fieldManager, force: 'true' },
    // JSON is YAML too.
    contentType: 'application/apply-patch+yaml',
    body: manifest,
  });
}
