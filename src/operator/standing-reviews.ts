import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { buildPlan } from '../decision/index.ts';
import { createWorkQueue, type WorkQueue, type WorkResult } from '../kube/index.ts';
import { gatherSnapshot, type SnapshotSources } from './gather-snapshot.ts';
import { isServed } from './model-version-summary.ts';
import { namespaceOf } from './object-ref.ts';
import { createPolicyBits } from './policy-bits.ts';
import { askPolicies, type ModelVersionReconcilerPorts, whyUnjudged } from './reconcile-model-version.ts';
import { type Answer, createUnjudgedVersions } from './unjudged-versions.ts';

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
  /** It was to be judged and could not be: it is looked at again, later each time. */
  keepUnjudged(key: string, why: string): void;
  /** What errs may have ended: what could not be judged in the namespace is looked at soon. */
  retry(namespace: string): void;
  /** Resolves after `signal`. */
  run(ports: ReviewPorts, signal: AbortSignal): Promise<void>;
}

/** Policies come in bursts, and each change has all that stands looked at. */
const DELAY_MS = 1_000;
/** What stands is looked at while there is nothing else to do, and at this pace where there always is. */
const PATIENCE_MS = 100;
/** What could not be judged is tried again after this long, and up to that. */
const RETRY = { baseMs: 5_000, maxMs: 600_000 };

/** @param busy what goes before */
export function createStandingReviews({
  busy,
  onError,
}: {
  readonly busy: Pick<WorkQueue, 'length' | 'idle'>;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
}): StandingReviews {
  const queue = createWorkQueue({ workers: 1, onError, backoff: RETRY });
  const unjudged = createUnjudgedVersions();
  let quiet: Promise<unknown> | undefined;
  const turn = async (): Promise<void> => {
    await nextTurn();
    if (busy.length === 0) return;
    quiet ??= busy.idle().finally(() => {
      quiet = undefined;
    });
    await Promise.race([quiet, sleep(PATIENCE_MS)]);
  };

  const keepUnjudged = (key: string, why: string): void => {
    const namespace = namespaceOf(key);
    const isFirst = !unjudged.has(namespace);
    unjudged.add(key, why);
    if (isFirst) queue.addAfter(retryOf(namespace), RETRY.baseMs);
  };

  const retry = (namespace: string): void => {
    if (unjudged.has(namespace)) queue.addAfter(retryOf(namespace), DELAY_MS);
  };

  /** What kept one of them may keep the others no longer. */
  const forget = (key: string): void => {
    if (unjudged.delete(key)) retry(namespaceOf(key));
  };

  const review = async (key: string, ports: ReviewPorts): Promise<Answer> => {
    await turn();
    const found = await reviewVersion(key, ports).catch((error: unknown): Finding => {
      onError(key, error, RETRY.maxMs);
      return { kind: 'unjudged', why: 'it cannot be read', refused: false };
    });
    if (found.kind === 'unjudged') {
      keepUnjudged(key, found.why);
      return found.refused ? 'refused' : 'in vain';
    }
    // Until its status says so it may still fail to be judged once more.
    if (found.kind === 'otherwise') ports.onChange(key);
    else forget(key);
    return 'judged';
  };

  const reviewScope = async (scope: string, ports: ReviewPorts, signal: AbortSignal): Promise<undefined> => {
    const readBits = createPolicyBits(ports);
    let passed = 0;
    for (const key of scope.includes('/') ? [scope] : ports.versions.keys()) {
      if (signal.aborted) return undefined;
      if (++passed % PASSED_A_TURN === 0) await nextTurn();
      if (!isWithin(key, scope)) continue;
      const summary = ports.versions.summary(key);
      // Most of them were decided by what is in force, which takes microseconds to see.
      const isFine = summary?.compliant && readBits(key, summary) === summary.policyBits;
      if (!summary || !isServed(summary) || isFine) forget(key);
      else await review(key, ports);
    }
    return undefined;
  };

  const retryUnjudged = async (
    namespace: string,
    ports: ReviewPorts,
    signal: AbortSignal,
  ): Promise<WorkResult | undefined> => {
    await unjudged.tryAgain(namespace, async (key) => (signal.aborted ? 'refused' : review(key, ports)));
    return unjudged.has(namespace) ? { retryAtMostMs: RETRY.maxMs } : undefined;
  };

  return {
    add: (scope = '') => queue.addAfter(scope, DELAY_MS),
    keepUnjudged,
    retry,
    run: (ports, signal) =>
      queue.run(
        (key) => (key.endsWith('/') ? retryUnjudged(key.slice(0, -1), ports, signal) : reviewScope(key, ports, signal)),
        signal,
      ),
  };
}

const PASSED_A_TURN = 100;

/** No version has an empty name: NAMESPACE/ stands for what could not be judged there. */
function retryOf(namespace: string): string {
  return `${namespace}/`;
}

function isWithin(key: string, scope: string): boolean {
  return scope === '' || key === scope || key.startsWith(`${scope}/`);
}

type Finding =
  | { readonly kind: 'judged' }
  /** Its status is to say otherwise. */
  | { readonly kind: 'otherwise' }
  | { readonly kind: 'unjudged'; readonly why: string; readonly refused: boolean };

/**
 * Looks whether the decision that stands would be made again by the policies of today. Writes nothing: what has changed
 * goes the way of every version.
 */
async function reviewVersion(key: string, ports: ReviewPorts): Promise<Finding> {
  const gathered = gatherSnapshot(key, { ...ports, approvalsVerified: ports.admission.verified() });
  if (gathered.kind !== 'snapshot') return { kind: 'judged' };
  const results = await askPolicies(gathered, ports);
  if (buildPlan(gathered.snapshot, results).status !== null) return { kind: 'otherwise' };
  const why = whyUnjudged(gathered, results);
  if (why === null) return { kind: 'judged' };
  const refused = Object.values(results).some((result) => result.kind === 'error' && result.code === 'quarantined');
  return { kind: 'unjudged', why, refused };
}
