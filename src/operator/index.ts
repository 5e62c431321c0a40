export { buildChecks, createObjectReader, locateInConfigMap, type ObjectReader } from './bundle-fetcher.ts';
export { compileBundled } from './compile-bundled.ts';
export { evaluatePolicies } from './evaluate-policies.ts';
export { buildLimits } from './evaluation-limits.ts';
export { type Gathered, gatherSnapshot } from './gather-snapshot.ts';
export { loadRecordedPolicy } from './load-recorded-policy.ts';
export {
  buildPoliciesInForce,
  buildPolicyInForce,
  createPolicyCatalog,
  fingerprintPolicy,
  keyOfPolicy,
  type PolicyCatalog,
  type PolicyEntry,
  type PolicyInForce,
  type PolicyState,
  policyKey,
} from './policy-catalog.ts';
export { describeCompileErrors } from './policy-status.ts';
export type { ModelVersionCache, NamespaceCache, PolicyKind, RegistryReader, VersionObserver } from './ports.ts';
export { RECORDED_REGISTRY } from './recorded-registry.ts';
export { type Replay, replayDecision } from './replay-decision.ts';
export { NAMESPACES, POLICIES } from './resources.ts';
export { addSigningKey } from './signing-keys.ts';
export { DEFAULT_WORKERS, type Operator, type OperatorOptions, startOperator } from './start-operator.ts';
export { UNFETCHED_EVIDENCE } from './unfetched-evidence.ts';
export { createVersionCollection, type VersionCollection } from './version-collection.ts';
