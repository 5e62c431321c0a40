export { AuditRecord, DecisionRecord, PolicyRecord, RefusedApprovalRecord } from './audit-record.ts';
export { buildInput, type PolicyInput } from './build-input.ts';
export { digestOf, renderCanonicalJson } from './canonical.ts';
export { buildDecisionStatement, buildEnvelope, DECISION_PREDICATE_TYPE } from './decision-statement.ts';
export { DsseEnvelope, encodeForSigning } from './dsse.ts';
export { buildInvalidStatus } from './invalid-status.ts';
export { buildPlan, isSettled, type Plan, type PlannedEvent } from './plan.ts';
export { selectPolicies } from './select-policies.ts';
export type { PolicyResult, PolicyResults, PolicySnapshot, Snapshot } from './snapshot.ts';
