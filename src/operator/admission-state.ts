import { z } from 'zod';
import { ADMISSION_STATE_NAME } from '../admission/index.ts';
import { type Cluster, KubeApiError } from '../kube/index.ts';
import type { AdmissionState } from './watch-admission.ts';

const ConfigMap = z.object({ data: z.object({ identity: z.string().optional() }).default({}) });

/** @returns a ConfigMap in the operator's namespace that outlives the operator. */
export function createAdmissionState(cluster: Cluster, namespace: string): AdmissionState {
  const path = `/api/v1/namespaces/${namespace}/configmaps`;
  return {
    async load() {
      try {
        const object = await cluster.request({ method: 'GET', path: `${path}/${ADMISSION_STATE_NAME}` });
        return ConfigMap.parse(object).data.identity;
      } catch (error) {
        if (error instanceof KubeApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    async save(identity) {
      const data = { identity };
      try {
        await cluster.request({
          method: 'PATCH',
          path: `${path}/${ADMISSION_STATE_NAME}`,
          contentType: 'application/merge-patch+json',
          body: { data },
        });
      } catch (error) {
        if (!(error instanceof KubeApiError && error.code === 'not-found')) throw error;
        const metadata = { name: ADMISSION_STATE_NAME, namespace };
        await cluster.request({ method: 'POST', path, body: { apiVersion: 'v1', kind: 'ConfigMap', metadata, data } });
      }
    },
  };
}
