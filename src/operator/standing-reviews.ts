import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { type ApprovalPolicySpec, STAGES } from '../api/index.ts';
import { buildPlan, digestPolicies, type PolicySnapshot, type Snapshot, selectPolicies } from '../decision/index.ts';
import { createWorkQueue, type WorkQueue } from '../kube/index.ts';
import { gatherSnapshot, type SnapshotSources } from './gather-snapshot.ts';
import { isServed, type ModelVersionSummary, readPolicyBits } from './model-version-summary.ts';
import { buildPoliciesInForce, type PolicyEntry, policyKey } from './policy-catalog.ts';
import { askPolicies, type ModelVersionReconcilerPorts } from './reconcile-model-version.ts';

interface ReviewPorts
  extends Omit<SnapshotSources, 'approvalsVerified'>,
    Pick<ModelVersionReconcilerPorts, 'evaluator' | 'health' | 'admission'> {
  /** Told of a version whose status is to say otherwise. */
  readonly onChange: (key: string) => void;
}

/** Looks at what stands, where something has changed that the policies of today may judge otherwise. */
export interface StandingReviews {
  /** @param scope NAMESPACE/NAME for one version, NAMESPACE for all of a namespace, '' (the default) for all */
  add(scope?: string): void;
  /** Resolves after `signal`. */
  run(ports: ReviewPorts, signal: AbortSignal): Promise<void>;
}

/** Policies come in bursts, and each change has all that stands looked at. */
const DELAY_MS = 1_000;
/** What stands is looked at while there is nothing else to do, and at this pace where there always is. */
const PATIENCE_MS = 100;

/** @param busy what goes before */
export function createStandingReviews({
  busy,
  onError,
}: {
  readonly busy: Pick<WorkQueue, 'length' | 'idle'>;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}): StandingReviews {
  const queue = createWorkQueue({ workers: 1, onError });
  let quiet: Promise<unknown> | undefined;
  const turn = async (): Promise<void> => {
    await nextTurn();
    if (busy.length === 0) return;
    quiet ??= busy.idle().finally(() => {
      quiet = undefined;
    });
    await Promise.race([quiet, sleep(PATIENCE_MS)]);
  };
  return {
    add: (scope = '') => queue.addAfter(scope, DELAY_MS),
    run: (ports, signal) => queue.run((scope) => reviewStanding(scope, { ...ports, turn }, signal), signal),
  };
}

/**
 * Looks whether the decisions that stand would be made again by the policies of today. Writes nothing: what has changed
 * goes the way of every version.
 */
async function reviewStanding(
  scope: string,
  ports: ReviewPorts & { readonly turn: () => Promise<void> },
  signal: AbortSignal,
): Promise<undefined> {
  const readBits = createPolicyBits(ports);
  let passed = 0;
  for (const key of scope.includes('/') ? [scope] : ports.versions.keys()) {
    if (signal.aborted) return undefined;
    if (++passed % PASSED_A_TURN === 0) await nextTurn();
    const summary = ports.versions.summary(key);
    if (!summary || !isServed(summary) || !isWithin(key, scope)) continue;
    // Most of them were decided by what is in force, which takes microseconds to see.
    if (summary.compliant && readBits(key, summary) === summary.policyBits) continue;
    await ports.turn();
    if (await wouldSayOtherwise(key, ports)) ports.onChange(key);
  }
  return undefined;
}

const PASSED_A_TURN = 100;

function isWithin(key: string, scope: string): boolean {
  return scope === '' || key === scope || key.startsWith(`${scope}/`);
}

async function wouldSayOtherwise(key: string, ports: ReviewPorts): Promise<boolean> {
  const gathered = gatherSnapshot(key, { ...ports, approvalsVerified: ports.admission.verified() });
  if (gathered.kind !== 'snapshot') return false;
  return buildPlan(gathered.snapshot, await askPolicies(gathered, ports)).status !== null;
}

/**
 * @returns the bits of the policies that judge a version today, by its summary alone; null where that does not tell,
 * because one of them selects by labels
 */
function createPolicyBits({ policies, namespaces }: Pick<ReviewPorts, 'policies' | 'namespaces'>) {
  const byNamespace = new Map<string, NamespacePolicies | null>();
  /** By the names of the policies: a policy's data may be large, and a hundred thousand versions have the same few. */
  const bits = new Map<string, number>();
  const readNamespace = (name: string): NamespacePolicies | null => {
    const labels = namespaces.labels(name);
    const entries = policies.forNamespace(name);
    if (!labels || entries.some(({ spec }) => !spec || spec.match?.selector)) return null;
    return { namespace: { name, labels }, entries: entries.map((entry) => ({ entry, spec: entry.spec ?? {} })) };
  };
  return (key: string, { model, stage }: ModelVersionSummary): number | null => {
    const name = key.slice(0, key.indexOf('/'));
    const found = byNamespace.get(name);
    const judging = found === undefined ? readNamespace(name) : found;
    byNamespace.set(name, judging);
    const known = STAGES.find((one) => one === stage);
    if (!judging || !known) return null;
    const asked = { metadata: {}, spec: { model, stage: known } };
    const selected = selectPolicies(asked, judging.namespace, judging.entries);
    const set = selected.map(({ entry }) => policyKey(entry.kind, entry.metadata)).join(' ');
    const inForce = bits.get(set) ?? readPolicyBits(digestPolicies(snapshotsOf(selected)));
    bits.set(set, inForce);
    return inForce;
  };
}

function snapshotsOf(selected: NamespacePolicies['entries']): readonly PolicySnapshot[] {
  return buildPoliciesInForce(selected.map(({ entry }) => entry)).map(({ snapshot }) => snapshot);
}

interface NamespacePolicies {
  readonly namespace: Snapshot['namespace'];
  readonly entries: readonly { readonly entry: PolicyEntry; readonly spec: Pick<ApprovalPolicySpec, 'match'> }[];
}
