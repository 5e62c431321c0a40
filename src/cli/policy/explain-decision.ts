import type { AnyApprovalPolicy, ModelVersionStatus } from '../../api/index.ts';
import { buildInput, selectPolicies } from '../../decision/index.ts';
import {
  buildLimits,
  createPolicyCatalog,
  type PolicyCatalog,
  type PolicyState,
  policyKey,
} from '../../operator/index.ts';
import type { CompileResult, Compiler, Evaluator } from '../../rego/index.ts';
import { decideOffline, type OfflineCase } from '../evaluate/decide-offline.ts';
import { labelsOf } from '../evaluate/namespace-labels.ts';
import { type ExplainedRule, explainRules } from './explain-rules.ts';
import type { Place } from './policy-source.ts';

/** A policy, and where a place in its modules stands. */
export interface PlacedPolicy {
  readonly policy: AnyApprovalPolicy;
  locate(place: Place): Place;
}

/** What one policy says of the version, and why. */
export interface ExplainedPolicy {
  readonly policy: string;
  readonly outcome: 'allow' | 'require' | 'deny' | 'error';
  readonly shadow: boolean;
  readonly reasons: readonly string[];
  readonly rules: readonly ExplainedRule[];
}

/** What was decided on a version before, and stands. */
export interface StandingDecision {
  /** Of condition `Approved`. */
  readonly reason: string;
  readonly message: string;
}

/** Why a decision is as it is. */
export interface Explanation {
  readonly version: string;
  readonly outcome: 'Approved' | 'Pending' | 'Rejected' | 'Error';
  readonly message: string;
  readonly policies: readonly ExplainedPolicy[];
  /** Policies that do not match the version. */
  readonly skipped: readonly string[];
}

/** A policy that tells where it passes takes longer: it has more time than the operator gives. */
const LEAST_TIMEOUT_MS = 5_000;
const LEAST_MEMORY_BYTES = 64 * 2 ** 20;

/**
 * Decides as the operator would, and evaluates each policy once more to see how far its rules came.
 */
export async function explainDecision(
  given: OfflineCase,
  placed: readonly PlacedPolicy[],
  { compiler, evaluator }: { readonly compiler: Compiler; readonly evaluator: Evaluator },
): Promise<Explanation> {
  const catalog = await compileMatching(given, placed, compiler);
  const { snapshot, policies, status } = await decideOffline(given, { catalog, evaluator });
  const explained: ExplainedPolicy[] = [];
  for (const { snapshot: matching, data, dataDigest } of policies) {
    const verdict = status.decision?.policies.find(({ name }) => name === matching.name);
    const from = placed.find(({ policy }) => nameOf(policy) === matching.name && isOf(policy, given));
    if (!verdict || !from) continue;
    const instrumented = await compiler.instrument(from.policy.spec.modules ?? {});
    const input = JSON.stringify(buildInput(snapshot, matching));
    const limits = buildLimits(matching.spec.limits);
    const roomy = {
      timeoutMs: Math.max(limits.timeoutMs, LEAST_TIMEOUT_MS),
      memoryBytes: Math.max(limits.memoryBytes, LEAST_MEMORY_BYTES),
      inputBytes: limits.inputBytes,
    };
    const result =
      instrumented.kind === 'instrumented' && verdict.outcome !== 'error'
        ? await evaluator.evaluate({ policy: instrumented.policy, data, dataDigest, input, limits: roomy })
        : null;
    const trace = result?.kind === 'value' ? (result.trace ?? []) : null;
    explained.push({
      policy: matching.name,
      outcome: verdict.outcome,
      shadow: matching.spec.mode === 'Shadow',
      reasons: verdict.reasons,
      rules: instrumented.kind === 'instrumented' && trace ? explainRules(instrumented, trace, from.locate) : [],
    });
  }
  return {
    version: given.modelVersion.metadata.name,
    outcome: status.decision?.outcome ?? 'Error',
    message: messageOf(status),
    policies: explained,
    skipped: placed
      .map(({ policy }) => nameOf(policy))
      .filter((name) => !explained.some(({ policy }) => policy === name)),
  };
}

/** Only what matches: a policy that is nothing to the version may be as broken as it likes. */
async function compileMatching(
  { modelVersion, labels }: OfflineCase,
  placed: readonly PlacedPolicy[],
  compiler: Compiler,
): Promise<PolicyCatalog> {
  const { namespace = 'default' } = modelVersion.metadata;
  const where = { name: namespace, labels: labelsOf(namespace, labels) };
  const matching = selectPolicies(
    modelVersion,
    where,
    placed.map(({ policy }) => policy),
  );
  const catalog = createPolicyCatalog();
  for (const policy of matching) {
    const { modules } = policy.spec;
    catalog.observe(policy.kind, policy);
    const state = modules ? toState(await compiler.compile(modules)) : NOT_FETCHED;
    const { source } = catalog.get(policyKey(policy.kind, policy.metadata)) ?? {};
    if (source) catalog.settle(policyKey(policy.kind, policy.metadata), source, state);
  }
  return catalog;
}

const NOT_FETCHED: PolicyState = {
  kind: 'failed',
  inForce: null,
  errors: [],
  problem: 'the policy comes in a bundle, which is not fetched here: give it as files with --policy',
};

/** A policy that does not compile is an error of the decision, as in the operator where none was in force before. */
function toState(result: CompileResult): PolicyState {
  if (result.kind === 'compiled') return { kind: 'compiled', inForce: result.policy };
  const [first] = result.errors;
  const place = first ? `${first.file}:${first.line}:${first.column}: ${first.message}` : 'nobody knows why';
  const problem = `the policy does not compile: ${place}`;
  return { kind: 'failed', inForce: null, errors: result.errors, problem };
}

function nameOf({ kind, metadata }: AnyApprovalPolicy): string {
  return `${kind}/${metadata.name}`;
}

/** Two namespaces may each have a policy of one name. */
function isOf({ kind, metadata }: AnyApprovalPolicy, { modelVersion }: OfflineCase): boolean {
  const { namespace = 'default' } = modelVersion.metadata;
  return policyKey(kind, metadata) === policyKey(kind, { ...metadata, namespace });
}

function messageOf({ conditions = [] }: ModelVersionStatus): string {
  return conditions.find(({ type }) => type === 'Approved')?.message ?? '';
}
