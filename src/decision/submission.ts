import type { ModelVersion, ModelVersionStatus, SubmissionRecord } from '../api/index.ts';
import type { Snapshot } from './snapshot.ts';
import { parseSubmitter, type Submitter } from './stamp.ts';

/** What of a version tells who submitted it. */
interface Submitted {
  readonly metadata: Pick<ModelVersion['metadata'], 'annotations' | 'generation'>;
  readonly status?: Pick<ModelVersionStatus, 'submission'> | undefined;
}

/**
 * What was recorded of this generation comes first: a stamp that somebody edits while the admission policies are away looks
 * like any other afterwards.
 *
 * @returns who submitted the spec; null where nothing vouches for it
 */
export function findSubmitter({
  modelVersion,
  approvalsVerified,
  submission,
}: { readonly modelVersion: Submitted } & Pick<Snapshot, 'approvalsVerified' | 'submission'>): Submitter | null {
  const recorded = findSubmission(modelVersion);
  if (recorded) return recorded.verified ? { user: recorded.user, groups: recorded.groups } : null;
  return approvalsVerified && submission !== 'Doubted' ? parseSubmitter(modelVersion) : null;
}

/** @returns the part of the status that tells it. */
export function submissionOf(
  snapshot: Pick<Snapshot, 'modelVersion' | 'submission' | 'now'>,
): Pick<ModelVersionStatus, 'submission'> {
  const submission = recordSubmission(snapshot);
  return submission ? { submission } : {};
}

/** @returns what was recorded of this generation's submission, or is to be now; undefined: nothing depends on it. */
function recordSubmission({
  modelVersion,
  submission,
  now,
}: Pick<Snapshot, 'modelVersion' | 'submission' | 'now'>): SubmissionRecord | undefined {
  const recorded = findSubmission(modelVersion);
  const stamped = parseSubmitter(modelVersion);
  if (recorded || !submission || !stamped) return recorded;
  const { user, groups } = stamped;
  const { generation = 1 } = modelVersion.metadata;
  return { user, groups: [...groups], generation, verified: submission === 'Vouched', at: now };
}

/** @returns the record of this generation; those of older ones are of another spec. */
function findSubmission({ metadata, status }: Submitted): SubmissionRecord | undefined {
  const { submission } = status ?? {};
  return submission?.generation === (metadata.generation ?? 1) ? submission : undefined;
}
