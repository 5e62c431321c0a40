import { z } from 'zod';
import { ADMISSION_NAMES, ADMISSION_STATE_NAME, DEFAULT_NAMESPACE } from '../../src/admission/index.ts';
import { type Cluster, KubeApiError } from '../../src/kube/index.ts';

const STAMPS = `/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings/${ADMISSION_NAMES.stamps}`;
const STATE = `/api/v1/namespaces/${DEFAULT_NAMESPACE}/configmaps/${ADMISSION_STATE_NAME}`;

const Identified = z.object({ metadata: z.object({ uid: z.string() }) });

/**
 * Whether the operator has noted the admission policies of now as known, which it does when all that it doubted is recorded.
 * Until then it doubts what people write.
 */
export async function isAllDoubtRecorded(cluster: Cluster): Promise<boolean> {
  const { metadata } = Identified.parse(await cluster.request({ method: 'GET', path: STAMPS }));
  try {
    return JSON.stringify(await cluster.request({ method: 'GET', path: STATE })).includes(metadata.uid);
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 'not-found') return false;
    throw error;
  }
}
