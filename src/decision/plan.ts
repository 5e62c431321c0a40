import type { ApprovalRecord, ModelVersion, ModelVersionStatus } from '../api/index.ts';
import { type AuditRecord, buildDecisionRecord, buildRefusedApprovalRecord } from './audit-record.ts';
import { renderCanonicalJson } from './canonical.ts';
import { findCompliance } from './compliance.ts';
import { decide } from './decide.ts';
import { isSettled } from './is-final.ts';
import { currentStage, nextStatus } from './next-status.ts';
import { nextSettledStatus } from './settled.ts';
import type { PolicyResults, Snapshot } from './snapshot.ts';

/** An Event on the version. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

/** Everything that one reconcile will write. Nothing is written before the whole plan stands. */
export interface Plan {
  /** Null: the stored status already says it. */
  readonly status: ModelVersionStatus | null;
  readonly events: readonly PlannedEvent[];
  /** Written before the status: nothing takes effect unrecorded. */
  readonly records: readonly AuditRecord[];
  readonly requeueAfterMs?: number;
}

/**
 * @param results of the policies, asked about what `snapshotToAsk` gives
 */
export function buildPlan(snapshot: Snapshot, results: PolicyResults): Plan {
  const { modelVersion } = snapshot;
  if (isSettled(modelVersion)) return planStatus(snapshot, {}, nextSettledStatus(snapshot, results));
  const decision = decide(snapshot, results);
  const plan = planStatus(snapshot, results, nextStatus(snapshot, decision));
  return decision.requeueAfterMs === undefined ? plan : { ...plan, requeueAfterMs: decision.requeueAfterMs };
}

function planStatus(
  snapshot: Snapshot,
  results: PolicyResults,
  status: ModelVersionStatus,
): Pick<Plan, 'status' | 'events' | 'records'> {
  const { modelVersion } = snapshot;
  if (renderCanonicalJson(status) === renderCanonicalJson(modelVersion.status ?? {}))
    return { status: null, events: [], records: [] };
  const refused = findRefused(modelVersion, status);
  const decided = buildDecisionRecord(snapshot, results, status);
  return {
    status,
    events: planEvents(modelVersion, status, refused),
    records: [
      ...refused.map((approval) => buildRefusedApprovalRecord(modelVersion, approval)),
      ...(decided ? [decided] : []),
    ],
  };
}

function planEvents(
  modelVersion: ModelVersion,
  status: ModelVersionStatus,
  refused: readonly ApprovalRecord[],
): readonly PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const approved = findApproved(status);
  const before = modelVersion.status && findApproved(modelVersion.status);
  if (approved && (approved.reason !== before?.reason || approved.message !== before.message)) {
    const type = approved.status === 'False' || approved.reason === 'PolicyError' ? 'Warning' : 'Normal';
    events.push({ type, reason: approved.reason, note: approved.message });
  }
  const [compliant, wasCompliant] = [status, modelVersion.status].map(findCompliance);
  if (compliant && compliant.message !== wasCompliant?.message) {
    const type = compliant.status === 'True' ? 'Normal' : 'Warning';
    events.push({ type, reason: compliant.reason, note: compliant.message });
  }
  const [from, to] = [currentStage(modelVersion), status.stage ?? 'None'];
  if (from !== to) events.push({ type: 'Normal', reason: 'StageChanged', note: `stage moved from ${from} to ${to}` });
  for (const { user, verdict, message = '' } of refused)
    events.push({ type: 'Warning', reason: 'ApprovalNotCounted', note: `${verdict} by ${user}: ${message}` });
  return events;
}

/** What people decided that does not count, for a reason that is new. */
function findRefused(modelVersion: ModelVersion, status: ModelVersionStatus): readonly ApprovalRecord[] {
  const known = new Map(
    (modelVersion.status?.approvals ?? []).map((record) => [`${record.at} ${record.stamp}`, record]),
  );
  return (status.approvals ?? []).filter(
    ({ at, stamp, counted, message }) => !counted && known.get(`${at} ${stamp}`)?.message !== message,
  );
}

function findApproved(status: ModelVersionStatus) {
  return status.conditions?.find(({ type }) => type === 'Approved');
}
