import { ANNOTATIONS, appendSegment, type ModelVersion, type ModelVersionStatus } from '../api/index.ts';
import { isApproval, shrinkStatus } from '../decision/index.ts';
import { type Cluster, isTooLarge, KubeApiError, MODEL_VERSIONS, patchStatus, updateStatus } from '../kube/index.ts';
import { refOf } from './object-ref.ts';
import type { StatusWriter } from './ports.ts';
import { POLICIES } from './resources.ts';

/** @returns the door through which every status goes to the API server. */
export function createStatusWriter(cluster: Cluster): StatusWriter {
  return {
    async writeModelVersionStatus(from, status) {
      const ref = refOf(from.metadata);
      try {
        return await fitting(status, (fit) => updateStatus(cluster, MODEL_VERSIONS, ref, fit));
      } catch (error) {
        // An approval is of what the policies were asked about, to the last label.
        if (!hasCode(error, 'conflict') || isApproval(from, status)) throw error;
        try {
          return await fitting(status, (fit) => patchStatus(cluster, MODEL_VERSIONS, ref, factsOf(from), fit));
        } catch (again) {
          throw hasCode(again, 'invalid') ? error : again;
        }
      }
    },
    writePolicyStatus: (kind, ref, status) => updateStatus(cluster, POLICIES[kind], ref, status),
  };
}

async function fitting(
  status: ModelVersionStatus,
  write: (status: ModelVersionStatus) => Promise<string>,
): Promise<string> {
  try {
    return await write(status);
  } catch (error) {
    if (!isTooLarge(error)) throw error;
    return write(shrinkStatus(status));
  }
}

const ANNOTATED = '/metadata/annotations';

/** Who only edits cannot write these; they may write all the rest in a loop, and would keep a revocation away by it. */
const DECIDED = [
  ANNOTATIONS.submittedBy,
  ANNOTATIONS.decidedBy,
  ANNOTATIONS.approve,
  ANNOTATIONS.reject,
  ANNOTATIONS.revoke,
];

/**
 * What must still be so for a decision that is no approval: the spec, what people decided, and what was decided before,
 * by this operator or by another that leads meanwhile. The labels and annotations that a policy was asked about may have
 * changed: it decided on what stood there then, and what it does not approve is asked again or safe.
 */
function factsOf({ metadata, status }: ModelVersion) {
  const { generation, annotations } = metadata;
  return [
    { path: '/metadata/generation', value: generation },
    ...(annotations
      ? DECIDED.map((key) => ({ path: appendSegment(ANNOTATED, key), value: annotations[key] ?? null }))
      : [{ path: ANNOTATED, value: null }]),
    { path: '/status', value: status ?? null },
  ];
}

function hasCode(error: unknown, code: KubeApiError['code']): error is KubeApiError {
  return error instanceof KubeApiError && error.code === code;
}
