import { appendSegment, GUARDED_ANNOTATIONS, type ModelVersion, type ModelVersionStatus } from '../api/index.ts';
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

/**
 * What must still be so for a decision that is no approval: the spec, what people decided, and what was decided before,
 * by this operator or by another that leads meanwhile. Of the annotations those alone that whoever edits cannot write: the
 * others may be written in a loop, to keep a revocation away. What a policy was asked about may have changed with them: it
 * decided on what stood there then, and what it does not approve is asked again or safe.
 */
function factsOf({ metadata, status }: ModelVersion) {
  const { generation, annotations } = metadata;
  return [
    { path: '/metadata/generation', value: generation },
    ...(annotations
      ? GUARDED_ANNOTATIONS.map((key) => ({ path: appendSegment(ANNOTATED, key), value: annotations[key] ?? null }))
      : [{ path: ANNOTATED, value: null }]),
    { path: '/status', value: status ?? null },
  ];
}

function hasCode(error: unknown, code: KubeApiError['code']): error is KubeApiError {
  return error instanceof KubeApiError && error.code === code;
}
