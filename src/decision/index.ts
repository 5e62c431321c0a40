export { buildInput, type PolicyInput } from './build-input.ts';
export { digestOf } from './canonical.ts';
export { buildInvalidStatus } from './invalid-status.ts';
export { buildPlan, type DecisionRecord, isSettled, type Plan, type PlannedEvent } from './plan.ts';
export { selectPolicies } from './select-policies.ts';
export type { PolicyResult, PolicyResults, PolicySnapshot, Snapshot } from './snapshot.ts';
