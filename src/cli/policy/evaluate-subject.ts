import type { AnyApprovalPolicy } from '../../api/index.ts';
import {
  type PolicyInput,
  PolicyInputSchema,
  type PolicyResult,
  parsePolicyOutcome,
  renderCanonicalJson,
} from '../../decision/index.ts';
import { buildLimits, buildPolicyInForce, type PolicyInForce } from '../../operator/index.ts';
import type { Compiler, Evaluator } from '../../rego/index.ts';
import { decideOffline } from '../evaluate/decide-offline.ts';
import { compilePolicies, findChampion } from '../evaluate/evaluate-offline.ts';
import { loadSubmitted, type Submitted } from '../evaluate/load-submitted.ts';
import { type Manifest, parseManifest } from '../load-manifests.ts';

/** What policies are asked: versions, from which inputs are built, or one input as it is. */
type Subject =
  | { readonly kind: 'versions'; readonly submitted: Submitted }
  | { readonly kind: 'input'; readonly input: PolicyInput };

/** What one policy answers. */
export interface PolicyEvaluation {
  /** The version's name. */
  readonly version: string;
  readonly policy: string;
  /** `skipped`: the policy does not match the version. */
  readonly outcome: 'allow' | 'require' | 'deny' | 'error' | 'skipped';
  readonly reasons: readonly string[];
  /** The document `data.approval`; null where there is none. */
  readonly document: unknown;
  readonly evaluationMicroseconds: number;
}

/**
 * @param file names what was read, for messages
 * @throws CliError with the place of what does not fit
 */
export function loadSubject(file: string, manifests: readonly Manifest[]): Subject {
  const [only, ...others] = manifests;
  if (only && others.length === 0 && only.kind === '' && isInput(only.value))
    return { kind: 'input', input: parseManifest(only, PolicyInputSchema) };
  return { kind: 'versions', submitted: loadSubmitted([file], manifests) };
}

function isInput(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'modelVersion' in value;
}

interface SubjectTools {
  readonly compiler: Compiler;
  readonly evaluator: Evaluator;
  /** RFC 3339. */
  readonly now: string;
}

/** @throws CliError where a policy does not compile */
export async function evaluateSubject(
  subject: Subject,
  policies: readonly AnyApprovalPolicy[],
  { compiler, evaluator, now }: SubjectTools,
): Promise<readonly PolicyEvaluation[]> {
  const catalog = await compilePolicies(policies, compiler);
  const all = catalog.entries().map(buildPolicyInForce);
  if (subject.kind === 'input') {
    const { input } = subject;
    const evaluated = all.map(async (policy) =>
      describe(input.modelVersion.metadata.name, policy, await evaluateInput(input, policy, evaluator)),
    );
    return Promise.all(evaluated);
  }
  const { versions, namespaces } = subject.submitted;
  const evaluated = versions.map(async (modelVersion) => {
    const { name, namespace = 'default' } = modelVersion.metadata;
    const champion = findChampion(modelVersion, versions);
    const labels = namespaces.get(namespace) ?? {};
    const given = { modelVersion, champion, labels, submitter: null, verified: {}, now };
    const { results } = await decideOffline(given, { catalog, evaluator });
    return all.map((policy) => describe(name, policy, results[policy.snapshot.name]));
  });
  return (await Promise.all(evaluated)).flat();
}

async function evaluateInput(
  input: PolicyInput,
  { compiled, data, dataDigest, snapshot }: PolicyInForce,
  evaluator: Evaluator,
): Promise<PolicyResult | undefined> {
  if (!compiled) return undefined;
  const limits = buildLimits(snapshot.spec.limits);
  return evaluator.evaluate({ policy: compiled, data, dataDigest, input: JSON.stringify(input), limits });
}

function describe(version: string, { snapshot }: PolicyInForce, result: PolicyResult | undefined): PolicyEvaluation {
  const policy = snapshot.name;
  if (!result) return { version, policy, outcome: 'skipped', reasons: [], document: null, evaluationMicroseconds: 0 };
  const { kind: outcome, reasons, evaluationMicroseconds } = parsePolicyOutcome(snapshot, result);
  // The runtime's order of names is none that a reader could follow.
  const document: unknown = result.kind === 'value' ? JSON.parse(renderCanonicalJson(result.value)) : null;
  return { version, policy, outcome, reasons, document, evaluationMicroseconds };
}
