import type { DecisionStatus, ModelVersion, ModelVersionStatus } from '../api/index.ts';

/** Whether the decision stands: no policy is asked again, and it is signed. The others wait. */
export function isFinal({ outcome }: Pick<DecisionStatus, 'outcome'>): boolean {
  return outcome === 'Approved' || outcome === 'Rejected';
}

/** Whether this generation is decided: the decision stands, and the policies are not asked again. */
export function isSettled({ metadata, status }: ModelVersion): boolean {
  const decision = status?.decision;
  return decision !== undefined && decision.generation === metadata.generation && isFinal(decision);
}

/** Whether the status approves what was not approved before: all others take something away, or leave it as it was. */
export function isApproval({ status: before }: ModelVersion, { decision }: ModelVersionStatus): boolean {
  return decision?.outcome === 'Approved' && decision.id !== before?.decision?.id;
}
