import {
  APPROVED_REASONS,
  type ApprovalRecord,
  type ApprovedReason,
  type Condition,
  type ModelVersion,
  type ModelVersionCondition,
  type ModelVersionStatus,
  type Stage,
  type TransitionRecord,
} from '../api/index.ts';
import { digestOf } from './canonical.ts';
import type { Decision } from './decide.ts';
import { isFinal, isSettled } from './is-final.ts';
import type { Snapshot } from './snapshot.ts';
import { submissionOf } from './submission.ts';

const MAX_HISTORY = 50;

/** @returns the status that the decision makes; a version that waits keeps its stage. */
export function nextStatus(snapshot: Snapshot, decision: Decision): ModelVersionStatus {
  const { modelVersion } = snapshot;
  const previous = modelVersion.status?.decision;
  // The same decision again keeps its times and measurements, so that nothing is written.
  const status = previous?.id === decision.status.id ? previous : decision.status;
  const stage = nextStage(modelVersion, decision);
  const moved = isFinal(status) && status !== previous && !(currentStage(modelVersion) === 'None' && stage === 'None');
  const { evidence: _, verified: __, submission: ___, ...stored } = modelVersion.status ?? {};
  return {
    ...stored,
    stage,
    observedGeneration: modelVersion.metadata.generation ?? 1,
    decision: status,
    ...submissionOf(snapshot),
    ...approvalsOf(decision.approvals),
    ...evidenceOf(snapshot),
    ...(snapshot.registry ? { verified: snapshot.registry } : {}),
    ...(moved
      ? {
          history: appendTransition(modelVersion, {
            to: stage,
            reason: decision.reason,
            outcome: status.outcome,
            decisionId: status.id,
            at: status.decidedAt,
          }),
        }
      : {}),
    conditions: buildConditions(snapshot, decision.reason, decision.message),
  };
}

export function currentStage({ status }: ModelVersion): Stage {
  return status?.stage ?? 'None';
}

export function approvalsOf(approvals: readonly ApprovalRecord[]): Pick<ModelVersionStatus, 'approvals'> {
  return approvals.length > 0 ? { approvals: [...approvals] } : {};
}

function evidenceOf({ evidence = [] }: Snapshot): Pick<ModelVersionStatus, 'evidence'> {
  return evidence.length > 0 ? { evidence: [...evidence] } : {};
}

function nextStage(modelVersion: ModelVersion, { status, archives }: Decision): Stage {
  switch (status.outcome) {
    case 'Approved':
      return modelVersion.spec.stage;
    case 'Rejected':
      return archives ? 'Archived' : currentStage(modelVersion);
    case 'Pending':
    case 'Error':
      return currentStage(modelVersion);
  }
}

/** Newest first; each entry carries the digest of the one before it. */
export function appendTransition(
  modelVersion: ModelVersion,
  entry: Pick<TransitionRecord, 'to' | 'reason' | 'outcome' | 'decisionId' | 'at'>,
): TransitionRecord[] {
  const history = modelVersion.status?.history ?? [];
  const [newest] = history;
  const transition: TransitionRecord = {
    from: currentStage(modelVersion),
    generation: modelVersion.metadata.generation ?? 1,
    previousDigest: newest ? digestOf(newest) : '',
    ...entry,
  };
  return [transition, ...history].slice(0, MAX_HISTORY);
}

interface WantedCondition extends Pick<Condition, 'status' | 'reason' | 'message'> {
  readonly type: ModelVersionCondition;
}

/**
 * kstatus reads these: waiting is Reconciling (in progress); a rejection, and what people must repair, is Stalled
 * (failed). Both conditions are there only while they hold, as kstatus asks.
 */
export function buildConditions(
  {
    modelVersion,
    approvalsVerified,
    evidence,
    now,
  }: Pick<Snapshot, 'modelVersion' | 'approvalsVerified' | 'now'> & Partial<Pick<Snapshot, 'evidence'>>,
  reason: ApprovedReason,
  fullMessage: string,
): Condition[] {
  const message = truncate(fullMessage);
  const approved: Condition['status'] = APPROVED_REASONS[reason];
  const broken = reason === 'PolicyError' || reason === 'InvalidSpec';
  const waits = reason === 'AwaitingApproval';
  const wanted: WantedCondition[] = [
    { type: 'Approved', status: approved, reason, message },
    {
      type: 'PolicyEvaluated',
      status: broken ? 'False' : 'True',
      reason: broken ? reason : 'Evaluated',
      message: broken ? message : 'every matching policy gave its result',
    },
    {
      type: 'ApprovalsVerified',
      status: approvalsVerified ? 'True' : 'False',
      reason: approvalsVerified ? 'AdmissionPoliciesInForce' : 'ApprovalsUnverified',
      message: approvalsVerified
        ? 'the API server vouches for who approves'
        : 'the admission policies are missing or changed, so no approval is honoured: install them again (charts/assent)',
    },
    { type: 'Ready', status: approved === 'True' ? 'True' : 'False', reason, message },
  ];
  if (evidence && evidence.length > 0) wanted.push(describeEvidence(evidence));
  if (waits) wanted.push({ type: 'Reconciling', status: 'True', reason, message });
  if (broken || approved === 'False') wanted.push({ type: 'Stalled', status: 'True', reason, message });
  const existing = modelVersion.status?.conditions ?? [];
  // What a decision was made from stands as long as the decision.
  const kept = isSettled(modelVersion) ? existing.filter(({ type }) => type === 'EvidenceVerified') : [];
  const told = wanted.map((condition) => {
    const before = existing.find(({ type }) => type === condition.type);
    const lastTransitionTime = before?.status === condition.status ? before.lastTransitionTime : now;
    return { ...condition, lastTransitionTime, observedGeneration: modelVersion.metadata.generation ?? 1 };
  });
  return [...told, ...kept];
}

function describeEvidence(evidence: NonNullable<Snapshot['evidence']>): WantedCondition {
  const type = 'EvidenceVerified';
  const amiss = evidence.filter(({ outcome }) => outcome !== 'Verified');
  if (amiss.length === 0) {
    const message = `the signature of every attestation holds (${evidence.length})`;
    return { type, status: 'True', reason: 'SignaturesHold', message };
  }
  const told = amiss.map(
    ({ entry, type: what, outcome, message }) => `evidence[${entry}] ${what}: ${outcome}: ${message}`,
  );
  const refused = amiss.some(({ outcome }) => outcome === 'Refused');
  return {
    type,
    status: 'False',
    reason: refused ? 'EvidenceRefused' : 'EvidenceUnavailable',
    message: truncate(told.join('; ')),
  };
}

/** The API server refuses a longer message, and with it the whole status. */
function truncate(message: string): string {
  const limit = 8192;
  return message.length <= limit ? message : `${message.slice(0, limit)} …`;
}
