import { z } from 'zod';
import { buildAdmissionManifests } from '../admission/index.ts';
import { type Cluster, KubeApiError, resourcePath } from '../kube/index.ts';
import type { AdmissionReader } from './watch-admission.ts';

const Named = z.object({ apiVersion: z.string(), kind: z.string(), metadata: z.object({ name: z.string() }) });

/** @returns a reader of the objects that `buildAdmissionManifests` names, one by one: the operator may read no others. */
export function createAdmissionReader(cluster: Cluster): AdmissionReader {
  const paths = buildAdmissionManifests().map((manifest) => {
    const { apiVersion, kind, metadata } = Named.parse(manifest);
    const [group = '', version = ''] = apiVersion.split('/');
    const plural = `${kind.toLowerCase()}s`.replace(/ys$/, 'ies');
    return { kind, path: resourcePath({ group, version, plural, kind, namespaced: false }, { name: metadata.name }) };
  });
  return async () => {
    const found = await Promise.all(
      paths.map(async ({ path }) => {
        try {
          return [await cluster.request({ method: 'GET', path })];
        } catch (error) {
          // Missing, or a kind that this API server does not know: its absence is what is judged.
          if (error instanceof KubeApiError && error.code === 'not-found') return [];
          throw error;
        }
      }),
    );
    return found.flat();
  };
}
