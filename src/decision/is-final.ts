import type { DecisionStatus } from '../api/index.ts';

/** Whether the decision stands: no policy is asked again, and it is signed. The others wait. */
export function isFinal({ outcome }: Pick<DecisionStatus, 'outcome'>): boolean {
  return outcome === 'Approved' || outcome === 'Rejected';
}
