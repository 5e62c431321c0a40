import type { DecisionStatus, ModelVersion } from '../api/index.ts';

/** Whether the decision stands: no policy is asked again, and it is signed. The others wait. */
export function isFinal({ outcome }: Pick<DecisionStatus, 'outcome'>): boolean {
  return outcome === 'Approved' || outcome === 'Rejected';
}

/** Whether this generation is decided: the decision stands, and the policies are not asked again. */
export function isSettled({ metadata, status }: ModelVersion): boolean {
  const decision = status?.decision;
  return decision !== undefined && decision.generation === metadata.generation && isFinal(decision);
}
