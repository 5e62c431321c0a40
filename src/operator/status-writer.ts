import { type Cluster, MODEL_VERSIONS, updateStatus } from '../kube/index.ts';
import type { StatusWriter } from './ports.ts';
import { POLICIES } from './resources.ts';

/** @returns the door through which every status goes to the API server. */
export function createStatusWriter(cluster: Cluster): StatusWriter {
  return {
    writeModelVersionStatus: (ref, status) => updateStatus(cluster, MODEL_VERSIONS, ref, status),
    writePolicyStatus: (kind, ref, status) => updateStatus(cluster, POLICIES[kind], ref, status),
  };
}
