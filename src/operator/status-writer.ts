import { shrinkStatus } from '../decision/index.ts';
import { type Cluster, isTooLarge, MODEL_VERSIONS, updateStatus } from '../kube/index.ts';
import type { StatusWriter } from './ports.ts';
import { POLICIES } from './resources.ts';

/** @returns the door through which every status goes to the API server. */
export function createStatusWriter(cluster: Cluster): StatusWriter {
  return {
    async writeModelVersionStatus(ref, status) {
      try {
        return await updateStatus(cluster, MODEL_VERSIONS, ref, status);
      } catch (error) {
        if (!isTooLarge(error)) throw error;
        return updateStatus(cluster, MODEL_VERSIONS, ref, shrinkStatus(status));
      }
    },
    writePolicyStatus: (kind, ref, status) => updateStatus(cluster, POLICIES[kind], ref, status),
  };
}
