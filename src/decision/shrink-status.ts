import type { Condition, DecisionStatus, ModelVersionStatus } from '../api/index.ts';
import { isFinal } from './is-final.ts';

const MESSAGE_CHARACTERS = 64;
/** What people and tools wait for. */
const FIRST = ['Approved', 'Ready', 'Reconciling', 'Stalled'];

/**
 * @returns what of a status comes first where the object has no room for all of it: the stage and the decision, before how
 * it came to them. An editor who fills an approved version up to the last byte must not keep its revocation away: this is
 * no longer than the status of the approval was.
 */
export function shrinkStatus(status: ModelVersionStatus): ModelVersionStatus {
  const { evidence: _, verified: __, decision, approvals, history, conditions, ...rest } = status;
  // What still waits is counted from its approvals.
  const kept = decision && isFinal(decision) ? approvals?.slice(-1) : approvals;
  const revoked = conditions?.some(({ type, reason }) => type === 'Approved' && reason === 'Revoked');
  return {
    ...rest,
    ...(decision ? { decision: revoked ? withoutAnswers(decision) : decision } : {}),
    ...(kept ? { approvals: kept } : {}),
    ...(history ? { history: history.slice(0, 1) } : {}),
    ...(conditions ? { conditions: conditions.filter(({ type }) => FIRST.includes(type)).map(shorten) } : {}),
  };
}

function shorten(condition: Condition): Condition {
  return { ...condition, message: condition.message.slice(0, MESSAGE_CHARACTERS) };
}

/** What the policies said of the approval is in its record. The id of a revocation and its signature do not cover it. */
function withoutAnswers(decision: DecisionStatus): DecisionStatus {
  const policies = decision.policies.map((verdict) => ({ ...verdict, reasons: [] }));
  return { ...decision, policies, warnings: [], requirements: [] };
}
