import type { ModelVersion } from '../api/index.ts';
import {
  buildInvalidStatus,
  buildPlan,
  isSettled,
  type Plan,
  type PolicyResults,
  parsePolicyOutcome,
  type Snapshot,
} from '../decision/index.ts';
import type { WorkResult } from '../kube/index.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import { type ConfirmationPorts, gatherConfirmed, submitterMatters } from './gather-confirmed.ts';
import type { Gathered } from './gather-snapshot.ts';
import { refOf } from './object-ref.ts';
import { keyOfPolicy } from './policy-catalog.ts';
import type { PolicyHealth } from './policy-health.ts';
import type { DecisionSigner, EventRecorder, PolicyEvaluator, RecordLog, StatusWriter } from './ports.ts';
import { signPlan } from './sign-plan.ts';
import type { WrittenVersions } from './written-versions.ts';

export interface ModelVersionReconcilerPorts extends ConfirmationPorts {
  readonly evaluator: PolicyEvaluator;
  readonly health: Pick<PolicyHealth, 'refusal' | 'evaluated'>;
  readonly signer: DecisionSigner;
  readonly records: RecordLog;
  readonly writer: StatusWriter;
  readonly events: EventRecorder;
  readonly written: WrittenVersions;
  /** Told of what stands and could not be judged by the policies of today. */
  readonly onUnjudged: (key: string, why: string) => void;
}

/**
 * At the latest so soon a version comes back whose surroundings are not known yet, where nothing else brings it back: there
 * may be ten thousand, whose policy takes long to compile.
 */
const UNREADY_RETRY_AT_MOST_MS = 5_000;

/** How soon to look again whether the watch has shown our own write. */
const BEHIND_RETRY_MS = 250;

/** A deadline missed on a busy machine passes; a policy that loops for ever must not keep the machine busy. */
const ERROR_RETRY_AT_MOST_MS = 600_000;

/**
 * Brings one version to where the policies and the people want it: gather, evaluate, decide, and only then write.
 *
 * @returns when time alone may change the decision
 */
export async function reconcileModelVersion(
  key: string,
  ports: ModelVersionReconcilerPorts,
): Promise<WorkResult | undefined> {
  if (ports.written.isBehind(key)) return { requeueAfterMs: BEHIND_RETRY_MS };
  return reconcileConfirmed(key, ports, { peopleDecide: false });
}

async function reconcileConfirmed(
  key: string,
  ports: ModelVersionReconcilerPorts,
  known: { readonly peopleDecide: boolean },
): Promise<WorkResult | undefined> {
  const gathered = await gatherConfirmed(key, ports, known);
  switch (gathered.kind) {
    case 'gone':
      return undefined;
    case 'unready':
      return { retryAtMostMs: UNREADY_RETRY_AT_MOST_MS };
    case 'invalid': {
      const { stored, problems } = gathered;
      const judged = { approvalsVerified: ports.admission.verified(), now: ports.clock() };
      const status = buildInvalidStatus(stored, problems, judged);
      if (status) ports.written.wrote(key, await ports.writer.writeModelVersionStatus(stored, status));
      return undefined;
    }
    case 'snapshot': {
      const { snapshot } = gathered;
      const results = await askPatiently(key, gathered, ports);
      const unsigned = buildPlan(snapshot, results);
      // Most versions a policy decides alone, and nobody need ask who submitted them.
      if (!known.peopleDecide && submitterMatters(key, gathered, ports) && leavesItToPeople(snapshot, unsigned))
        return reconcileConfirmed(key, ports, { peopleDecide: true });
      const plan = signPlan(snapshot.modelVersion, unsigned, ports.signer);
      await applyPlan(key, snapshot.modelVersion, plan, ports);
      const { requeueAfterMs } = plan;
      const why = whyUnjudged(gathered, results);
      if (why !== null) ports.onUnjudged(key, why);
      // Whoever is told of what stands brings it back.
      const failed = !isSettled(snapshot.modelVersion) && Object.values(results).some(({ kind }) => kind === 'error');
      return {
        ...(requeueAfterMs === undefined ? {} : { requeueAfterMs }),
        ...(failed ? { retryAtMostMs: ERROR_RETRY_AT_MOST_MS } : {}),
      };
    }
  }
}

/** Whether people have decided, or may when the policies have answered. */
function leavesItToPeople({ modelVersion }: Snapshot, { status }: Plan): boolean {
  const { decision } = status ?? modelVersion.status ?? {};
  return decision !== undefined && (decision.by === 'People' || decision.outcome === 'Error');
}

/** What people decide while a policy gives no answer never counts: a deadline missed by chance gets a second try first. */
async function askPatiently(
  key: string,
  gathered: Extract<Gathered, { kind: 'snapshot' }>,
  ports: ModelVersionReconcilerPorts,
): Promise<PolicyResults> {
  const results = await askPolicies(gathered, ports);
  const late = Object.values(results).some((result) => result.kind === 'error' && result.code === 'timeout');
  const decided = ports.versions.summary(key)?.unrecordedDecision !== '';
  return late && decided && !isSettled(gathered.snapshot.modelVersion) ? askPolicies(gathered, ports) : results;
}

/** @returns what the policies say, each of which is told how it fared. */
export async function askPolicies(
  { asked, policies }: Extract<Gathered, { kind: 'snapshot' }>,
  { evaluator, health }: Pick<ModelVersionReconcilerPorts, 'evaluator' | 'health'>,
): Promise<PolicyResults> {
  if (!asked) return {};
  const { name: namespace } = asked.namespace;
  const refusal = (name: string) => health.refusal(keyOfPolicy(name, namespace), namespace);
  const results = await evaluatePolicies(asked, policies, evaluator, refusal);
  for (const policy of asked.policies) {
    const result = results[policy.name];
    if (!result) continue;
    const { kind } = parsePolicyOutcome(policy, result);
    health.evaluated(keyOfPolicy(policy.name, namespace), namespace, result, kind);
  }
  return results;
}

/** @returns why what stands could not be judged by the policies of today; null where it was, or is not to be. */
export function whyUnjudged(
  { snapshot, asked, withheld }: Extract<Gathered, { kind: 'snapshot' }>,
  results: PolicyResults,
): string | null {
  if (withheld !== null || !asked || !isSettled(snapshot.modelVersion)) return withheld;
  const erring = asked.policies.filter(({ name, spec }) => spec.mode !== 'Shadow' && results[name]?.kind === 'error');
  return erring.length > 0 ? erring.map(({ name }) => name).join(', ') : null;
}

/** The record first, so that nothing takes effect unrecorded; then the status; then what is only news. */
async function applyPlan(
  key: string,
  version: ModelVersion,
  plan: Plan,
  ports: ModelVersionReconcilerPorts,
): Promise<void> {
  for (const record of plan.records) await ports.records.record(record);
  if (plan.status) ports.written.wrote(key, await ports.writer.writeModelVersionStatus(version, plan.status));
  ports.doubts.resolve(key);
  for (const event of plan.events) ports.events.record('ModelVersion', refOf(version.metadata), event);
}
