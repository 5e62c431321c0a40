import type { Condition, ModelVersionStatus } from '../api/index.ts';
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
  const { evidence: _, verified: __, approvals, history, conditions, ...rest } = status;
  // What still waits is counted from its approvals.
  const kept = status.decision && isFinal(status.decision) ? approvals?.slice(-1) : approvals;
  return {
    ...rest,
    ...(kept ? { approvals: kept } : {}),
    ...(history ? { history: history.slice(0, 1) } : {}),
    ...(conditions ? { conditions: conditions.filter(({ type }) => FIRST.includes(type)).map(shorten) } : {}),
  };
}

function shorten(condition: Condition): Condition {
  return { ...condition, message: condition.message.slice(0, MESSAGE_CHARACTERS) };
}
