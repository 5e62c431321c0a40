import type { ApprovalRecord, ModelVersion, ModelVersionStatus, Stage } from '../api/index.ts';
import { buildInput, type PolicyInput } from './build-input.ts';
import { renderCanonicalJson } from './canonical.ts';
import { decide } from './decide.ts';
import { currentStage, nextStatus } from './next-status.ts';
import { nextSettledStatus } from './settled.ts';
import type { PolicyResults, Snapshot } from './snapshot.ts';

/** An Event on the version. */
export interface PlannedEvent {
  readonly type: 'Normal' | 'Warning';
  readonly reason: string;
  readonly note: string;
}

/** What an auditor needs to make the decision again. */
export interface DecisionRecord {
  /** The decision's id: a retry writes the same record. */
  readonly id: string;
  readonly modelVersion: {
    readonly namespace: string;
    readonly name: string;
    readonly uid: string;
    readonly generation: number;
    readonly model: string;
    readonly version: string;
  };
  readonly transition: { readonly from: Stage; readonly to: Stage };
  readonly decision: NonNullable<ModelVersionStatus['decision']>;
  readonly approvals: readonly ApprovalRecord[];
  readonly input: PolicyInput;
}

/** Everything that one reconcile will write. Nothing is written before the whole plan stands. */
export interface Plan {
  /** Null: the stored status already says it. */
  readonly status: ModelVersionStatus | null;
  readonly events: readonly PlannedEvent[];
  readonly record: DecisionRecord | null;
  readonly requeueAfterMs?: number;
}

/** Whether this generation is decided: the decision stands, and the policies are not asked again. */
export function isSettled({ metadata, status }: ModelVersion): boolean {
  const decision = status?.decision;
  return (
    decision?.generation === metadata.generation &&
    (decision?.outcome === 'Approved' || decision?.outcome === 'Rejected')
  );
}

/**
 * @param results of the snapshot's policies; not looked at where this generation is settled
 */
export function buildPlan(snapshot: Snapshot, results: PolicyResults): Plan {
  const { modelVersion } = snapshot;
  if (isSettled(modelVersion)) return planStatus(snapshot, nextSettledStatus(snapshot));
  const decision = decide(snapshot, results);
  const plan = planStatus(snapshot, nextStatus(snapshot, decision));
  return decision.requeueAfterMs === undefined ? plan : { ...plan, requeueAfterMs: decision.requeueAfterMs };
}

function planStatus(snapshot: Snapshot, status: ModelVersionStatus): Plan {
  const { modelVersion } = snapshot;
  if (renderCanonicalJson(status) === renderCanonicalJson(modelVersion.status ?? {}))
    return { status: null, events: [], record: null };
  return { status, events: planEvents(modelVersion, status), record: buildRecord(snapshot, status) };
}

function planEvents(modelVersion: ModelVersion, status: ModelVersionStatus): readonly PlannedEvent[] {
  const events: PlannedEvent[] = [];
  const approved = findApproved(status);
  const before = modelVersion.status && findApproved(modelVersion.status);
  if (approved && (approved.reason !== before?.reason || approved.message !== before.message)) {
    const type = approved.status === 'False' || approved.reason === 'PolicyError' ? 'Warning' : 'Normal';
    events.push({ type, reason: approved.reason, note: approved.message });
  }
  const [from, to] = [currentStage(modelVersion), status.stage ?? 'None'];
  if (from !== to) events.push({ type: 'Normal', reason: 'StageChanged', note: `stage moved from ${from} to ${to}` });
  const known = new Map(
    (modelVersion.status?.approvals ?? []).map((record) => [`${record.at} ${record.stamp}`, record]),
  );
  for (const { at, stamp, counted, user, verdict, message = '' } of status.approvals ?? []) {
    if (counted || known.get(`${at} ${stamp}`)?.message === message) continue;
    events.push({ type: 'Warning', reason: 'ApprovalNotCounted', note: `${verdict} by ${user}: ${message}` });
  }
  return events;
}

function findApproved(status: ModelVersionStatus) {
  return status.conditions?.find(({ type }) => type === 'Approved');
}

function buildRecord(snapshot: Snapshot, status: ModelVersionStatus): DecisionRecord | null {
  const { metadata, spec, status: before } = snapshot.modelVersion;
  const { decision } = status;
  if (!decision || decision.id === before?.decision?.id) return null;
  const { name, namespace = '', uid = '', generation = 1 } = metadata;
  return {
    id: decision.id,
    modelVersion: { namespace, name, uid, generation, model: spec.model, version: spec.version },
    transition: { from: before?.stage ?? 'None', to: status.stage ?? 'None' },
    decision,
    approvals: status.approvals ?? [],
    input: buildInput(snapshot),
  };
}
