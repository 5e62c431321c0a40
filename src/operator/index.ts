export { evaluatePolicies } from './evaluate-policies.ts';
export {
  buildPolicyInForce,
  createPolicyCatalog,
  type PolicyCatalog,
  type PolicyEntry,
  policyKey,
} from './policy-catalog.ts';
export type { PolicyKind } from './ports.ts';
export { type Replay, replayDecision } from './replay-decision.ts';
export { addSigningKey } from './signing-keys.ts';
export { type Operator, type OperatorOptions, startOperator } from './start-operator.ts';
