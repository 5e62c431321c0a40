import type { ApprovalRecord, ModelVersion } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import type { Snapshot } from './snapshot.ts';
import { parseStampedDecision } from './stamp.ts';

const MAX_RECORDS = 256;
/** An object that etcd refuses would block the version: its status must leave room for everything else. */
const MAX_RECORDS_BYTES = 256 * 1024;

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
  return limit([...recorded, record]);
}

/** Drops the oldest, first of those that do not count. The newest stays: whoever decided waits for it to be recorded. */
function limit(records: readonly ApprovalRecord[]): readonly ApprovalRecord[] {
  const kept = [...records];
  let bytes = Buffer.byteLength(JSON.stringify(kept));
  while (kept.length > 1 && (kept.length > MAX_RECORDS || bytes > MAX_RECORDS_BYTES)) {
    const oldest = kept.slice(0, -1).findIndex(({ counted }) => !counted);
    const [dropped] = kept.splice(Math.max(0, oldest), 1);
    bytes -= Buffer.byteLength(JSON.stringify(dropped));
  }
  return kept;
}

/** @returns the SHA-256 of the content that an approval is for. */
export function digestSpec({ spec }: ModelVersion): string {
  return digestOf(spec);
}
