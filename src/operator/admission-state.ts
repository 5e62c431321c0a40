import { z } from 'zod';
import { ADMISSION_STATE_NAME } from '../admission/index.ts';
import { type Cluster, KubeApiError, mergeConfigMap } from '../kube/index.ts';
import type { AdmissionState } from './watch-admission.ts';

const ConfigMap = z.object({ data: z.object({ identity: z.string().optional() }).default({}) });

/** @returns a ConfigMap in the operator's namespace that outlives the operator. */
export function createAdmissionState(cluster: Cluster, namespace: string): AdmissionState {
  const path = `/api/v1/namespaces/${namespace}/configmaps/${ADMISSION_STATE_NAME}`;
  return {
    async load() {
      try {
        return ConfigMap.parse(await cluster.request({ method: 'GET', path })).data.identity;
      } catch (error) {
        if (error instanceof KubeApiError && error.code === 'not-found') return undefined;
        throw error;
      }
    },
    save: (identity) => mergeConfigMap(cluster, { namespace, name: ADMISSION_STATE_NAME }, { identity }),
  };
}
