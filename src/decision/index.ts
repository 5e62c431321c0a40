export { AuditRecord, type DecisionRecord, type PolicyRecord } from './audit-record.ts';
export { buildInput, type PolicyInput } from './build-input.ts';
export { digestBytes, digestOf, renderCanonicalJson } from './canonical.ts';
export { findCompliance, snapshotToAsk } from './compliance.ts';
export { describeApprovers, isApprover, isSamePerson, speaksForOthers } from './count-approvals.ts';
export { digestPolicies, type Judgement, judge } from './decide.ts';
export { buildDecisionStatement, buildEnvelope } from './decision-statement.ts';
export { describeIssues } from './describe-issues.ts';
export { buildFacts, type EvidenceContent, gatherEvidence, type ReadEvidence } from './gather-evidence.ts';
export { buildInvalidStatus } from './invalid-status.ts';
export { isApproval, isSettled } from './is-final.ts';
export { buildPlan, type Plan, type PlannedEvent } from './plan.ts';
export { buildPolicyInputJsonSchema, PolicyInputSchema } from './policy-input-schema.ts';
export { parsePolicyOutcome } from './policy-outcome.ts';
export { publicKeyId } from './public-key-id.ts';
export { buildRegistryFacts, type RegistryContent, type RegistryFacts } from './registry-facts.ts';
export { matchesLabels, matchesPattern, selectPolicies } from './select-policies.ts';
export { shrinkStatus } from './shrink-status.ts';
export {
  type PolicyFailure,
  type PolicyResult,
  type PolicyResults,
  type PolicySnapshot,
  type Snapshot,
  VerifiedFacts,
} from './snapshot.ts';
export { parseSubmitter, type Submitter } from './stamp.ts';
export { findSubmitter } from './submission.ts';
export { verifyRecord, verifyRecordSignature } from './verify-record.ts';
export { type Misfit, verifySignature, verifyStatus } from './verify-version.ts';
