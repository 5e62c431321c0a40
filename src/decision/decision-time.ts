import type { ApprovalRecord, ModelVersion } from '../api/index.ts';
import type { Snapshot } from './snapshot.ts';

/**
 * The time of a decision, by which the versions of a stage stand in order. A clock may be set back, and the next operator's
 * may be behind: whoever comes to a stage then must still come after the champion, or be superseded by it; and a version's
 * own moves and approvals must not be later than what was made from them.
 */
export function decisionTime(
  { modelVersion, champion, now }: Pick<Snapshot, 'modelVersion' | 'champion' | 'now'>,
  approvals: readonly ApprovalRecord[],
): string {
  const before = [lastMove(modelVersion), ...approvals.map(({ at }) => at)].map(toMs);
  const after = toMs(lastMove(champion)) + 1;
  const latestMs = Math.max(after, ...before);
  return latestMs > toMs(now) ? new Date(latestMs).toISOString() : now;
}

function lastMove(version: ModelVersion | null): string | undefined {
  return version?.status?.history?.[0]?.at;
}

/** What is no time is before all others. */
function toMs(time: string | undefined): number {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? 0 : ms;
}
