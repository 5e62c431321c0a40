import type { ApprovalRecord, ModelVersion } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import type { Snapshot } from './snapshot.ts';
import { parseStampedDecision } from './stamp.ts';

const MAX_RECORDS = 256;

/**
 * @returns the recorded decisions, oldest first, with the one that stands in the annotations added where it is new.
 * It is recorded even where it does not count, so that the next person's decision is not kept waiting for it.
 */
export function recordApproval({ modelVersion, approvalsVerified, now }: Snapshot): readonly ApprovalRecord[] {
  const recorded = modelVersion.status?.approvals ?? [];
  const decision = parseStampedDecision(modelVersion);
  if (!decision) return recorded;
  const { verdict, user, groups, generation, reason, stamp } = decision;
  if (recorded.some((record) => record.stamp === stamp && record.reason === reason)) return recorded;
  const record: ApprovalRecord = {
    verdict,
    user,
    groups,
    generation,
    uid: modelVersion.metadata.uid ?? '',
    // An approval of an older generation is not one of today's content.
    specDigest: generation === modelVersion.metadata.generation ? digestSpec(modelVersion) : '',
    reason,
    at: now,
    stamp,
    verified: approvalsVerified,
    counted: false,
  };
  return [...recorded, record].slice(-MAX_RECORDS);
}

/** @returns the SHA-256 of the content that an approval is for. */
export function digestSpec({ spec }: ModelVersion): string {
  return digestOf(spec);
}
