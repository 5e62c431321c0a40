import { type ApprovalRecord, type DecisionStatus, isServedStage, type ModelVersionStatus } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import { nextCompliance, withCompliance } from './compliance.ts';
import { describeApprovers, isApprover } from './count-approvals.ts';
import { decisionTime } from './decision-time.ts';
import { appendTransition, approvalsOf, buildConditions } from './next-status.ts';
import { recordApproval } from './record-approval.ts';
import type { PolicyResults, Snapshot } from './snapshot.ts';

/**
 * What can still happen to a decided generation: an approver revokes it, another version takes its stage, or the policies
 * of today find fault with it. A decision that comes too late is recorded, so that it does not keep others waiting, and
 * counts for nothing.
 *
 * @param results of the policies of today, where they are asked about what stands
 */
export function nextSettledStatus(snapshot: Snapshot, results: PolicyResults): ModelVersionStatus {
  const { modelVersion, supersededBy } = snapshot;
  const { status = {} } = modelVersion;
  const { decision } = status;
  if (!decision) return status;
  const recorded = recordApproval(snapshot);
  const [late] = recorded.filter((record) => !status.approvals?.includes(record));
  const at = decisionTime({ ...snapshot, champion: null }, recorded);
  const judged = late && judgeLateDecision(snapshot, decision, late);
  const approvals = recorded.map((record) => (judged && record === late ? judged : record));

  if (judged?.counted) {
    const message = `${judged.user}: ${judged.reason}`;
    const revoked = revoke(decision, judged, at);
    const transition = {
      to: 'Archived',
      reason: 'Revoked',
      outcome: revoked.outcome,
      decisionId: revoked.id,
      at,
    } as const;
    return {
      ...status,
      stage: 'Archived',
      decision: revoked,
      ...approvalsOf(approvals),
      history: appendTransition(modelVersion, transition),
      conditions: buildConditions(snapshot, 'Revoked', message),
    };
  }
  if (supersededBy !== null) {
    const transition = {
      to: 'Archived',
      reason: 'Superseded',
      outcome: decision.outcome,
      decisionId: decision.id,
      at,
    } as const;
    return {
      ...status,
      stage: 'Archived',
      ...approvalsOf(approvals),
      history: appendTransition(modelVersion, transition),
      ...withCompliance(status, undefined),
    };
  }
  return { ...status, ...approvalsOf(approvals), ...withCompliance(status, nextCompliance(snapshot, results)) };
}

function judgeLateDecision({ modelVersion }: Snapshot, decision: DecisionStatus, late: ApprovalRecord): ApprovalRecord {
  const refuse = (message: string): ApprovalRecord => ({ ...late, counted: false, message });
  const { requirements, outcome } = decision;
  // Also what was rejected and, as its policy says, keeps the stage that it had.
  const revocable = outcome === 'Approved' || isServedStage(modelVersion.status?.stage);
  if (!late.verified)
    return refuse('given while the admission policies were not in force: give it again, in other words');
  if (late.generation !== modelVersion.metadata.generation)
    return refuse(`given for generation ${late.generation}; the spec has changed since`);
  if (late.verdict !== 'revoke' || !revocable)
    return refuse(
      outcome === 'Approved'
        ? 'this version is approved already; take the approval back with assent.dev/revoke'
        : 'this version is rejected already; it comes back by a change of its spec',
    );
  if (requirements.length > 0 && !requirements.some(({ approvers }) => isApprover(late, approvers)))
    return refuse(`${late.user} is not among the approvers: ${describeApprovers(requirements)}`);
  return { ...late, counted: true };
}

function revoke(revoked: DecisionStatus, { user, reason, stamp }: ApprovalRecord, decidedAt: string): DecisionStatus {
  const { signature: _, ...decision } = revoked;
  const id = digestOf({ revokes: decision.id, stamp, reason });
  return {
    ...decision,
    id,
    outcome: 'Rejected',
    by: 'People',
    reasons: [`revoked by ${user}: ${reason}`],
    decidedAt,
  };
}
