import { setTimeout as sleep } from 'node:timers/promises';
import { isServedStage } from '../api/index.ts';
import { type AddressGuard, createAddressGuard } from '../distribution/index.ts';
import {
  type Cluster,
  createCompactStore,
  createPlainStore,
  createWorkQueue,
  MODEL_VERSIONS,
  type ResourceType,
  untilAborted,
  watchResource,
} from '../kube/index.ts';
import type { OperatorEvents } from '../telemetry/index.ts';
import { createAdmissionReader } from './admission-reader.ts';
import { createAdmissionState } from './admission-state.ts';
import { createBundleFetcher } from './bundle-fetcher.ts';
import { createDeploymentGuard } from './deployment-guard.ts';
import { createEventRecorder } from './event-recorder.ts';
import { createEvidenceFetcher } from './evidence-fetcher.ts';
import { createEvidenceStore } from './evidence-store.ts';
import { createModelVersionIndex } from './model-version-index.ts';
import { isTouched, type ModelVersionSummary, summarizeModelVersion } from './model-version-summary.ts';
import { createNotifications } from './notifications/notifications.ts';
import { namespaceOf } from './object-ref.ts';
import { createPolicyCatalog, namespaceOfPolicy, type PolicyEntry, policyKey } from './policy-catalog.ts';
import { createPolicyHealth } from './policy-health.ts';
import type {
  Clock,
  ModelVersionCache,
  PolicyCompiler,
  PolicyEvaluator,
  PolicyKind,
  RecordLog,
  RegistryReader,
  VersionObserver,
} from './ports.ts';
import { isBeingDeleted, readLabels } from './read-metadata.ts';
import { reconcileModelVersion } from './reconcile-model-version.ts';
import { reconcilePolicy, retryPolicy } from './reconcile-policy.ts';
import { createBundleRefresher } from './refresh-bundle.ts';
import { NAMESPACES, POLICIES } from './resources.ts';
import { createSigningKeys } from './signing-keys.ts';
import { createStampDoubts } from './stamp-doubts.ts';
import { createStandingReviews } from './standing-reviews.ts';
import { createStatusWriter } from './status-writer.ts';
import { TYPICAL_MODEL_VERSION } from './typical-model-version.ts';
import { watchAdmission } from './watch-admission.ts';
import { watchClock } from './watch-clock.ts';
import { createWrittenVersions } from './written-versions.ts';

export interface OperatorOptions {
  readonly cluster: Cluster;
  /** Undefined: all. */
  readonly namespaces?: readonly string[];
  /** The operator's own namespace: its ServiceAccount there alone may write a status, its keys lie there. */
  readonly operatorNamespace: string;
  readonly compiler: PolicyCompiler;
  /** Which addresses bundles may come from; public ones, over TLS, where it is left out. */
  readonly bundleGuard?: AddressGuard;
  /** Which addresses Notifications may name; public ones, over TLS, where it is left out. */
  readonly notificationGuard?: AddressGuard;
  readonly evaluator: PolicyEvaluator;
  readonly events: OperatorEvents;
  /** Where every decision is recorded before it takes effect. */
  readonly records: RecordLog;
  /** What model registries hold; nothing where it is left out. */
  readonly registries?: RegistryReader;
  readonly observers?: readonly VersionObserver[];
  readonly clock?: Clock;
  /** How many versions are worked on at once. */
  readonly workers?: number;
}

export interface Operator extends AsyncDisposable {
  /**
   * Resolves when the caches have synced, every policy has been compiled or has failed to, and the deployment guard, where
   * it is installed, goes by what is approved now. A policy whose bundle is still to be fetched, or that is slow to compile,
   * holds up only the versions that it judges.
   */
  readonly ready: Promise<void>;
  /** Versions that wait or are worked on. */
  readonly queueLength: number;
  readonly versions: ModelVersionCache;
  /** Something that a decision on the version depends on has changed. */
  requeue(key: string): void;
}

const NO_REGISTRIES: RegistryReader = { read: () => ({ kind: 'none' }) };
/** Twice the requests that are sent at once: while some wait for the API server, others evaluate and sign. */
export const DEFAULT_WORKERS = 64;
/** Champions change in bursts, and each change brings all waiting versions of the model back. */
const CHAMPION_DELAY_MS = 250;
/**
 * Whoever writes policies that take minutes to compile must not keep the versions of others undecided after a restart. Until
 * then it is quicker for all to wait: what is decided by a policy that is still unknown comes back again and again.
 */
const SETTLE_AT_MOST_MS = 15_000;
/** A machine that was too busy to compile a policy is given a moment. */
const RECOMPILE_DELAY_MS = 5_000;
/** How often the counts of evaluations are written into the policies' status, where they have changed. */
const PUBLISH_MS = 5_000;

/** Starts the operator: watches, and moves every version to where the policies and the people want it. */
export function startOperator(options: OperatorOptions): Operator {
  const { cluster, namespaces, compiler, evaluator, events } = options;
  const clock = options.clock ?? (() => new Date().toISOString());
  const startedAt = performance.now();
  const stop = new AbortController();
  const catalog = createPolicyCatalog();
  const index = createModelVersionIndex();
  const writer = createStatusWriter(cluster);
  const versionStore = createCompactStore<ModelVersionSummary>({
    summarize: summarizeModelVersion,
    typical: TYPICAL_MODEL_VERSION,
  });
  const written = createWrittenVersions((key) => versionStore.summary(key)?.resourceVersion);
  const namespaceStore = createPlainStore();
  const settled = new Map<string, string>();

  const onError = events.reconcileFailed;
  const workers = options.workers ?? DEFAULT_WORKERS;
  const versions = createWorkQueue({ workers, ownerOf: namespaceOf, onError });
  const policies = createWorkQueue({ workers: 16, ownerOf: namespaceOfPolicy, onError });
  /** Apart from the others, for a registry may be slow: who waits for it shall hold up nobody. */
  const fetches = createWorkQueue({ workers: 4, ownerOf: namespaceOfPolicy, onError });
  /** Keys read NAMESPACE/MODEL. */
  const models = createWorkQueue({ workers: 1, onError });

  const reviews = createStandingReviews({ onError, busy: versions });

  const recorder = createEventRecorder({ cluster, telemetry: events, clock, isBusy: () => versions.length > 0 });

  let deciding = false;
  const requeueWaiting = (namespace?: string): void => {
    // Nothing has left the queue yet of all that the watch put there; a thousand policies need not look for it.
    if (!deciding) return;
    for (const [key, summary] of versionStore.summaries()) {
      if (summary.needsWork && (namespace === undefined || key.startsWith(`${namespace}/`))) versions.add(key);
    }
  };

  /** By other policies, or in other surroundings: what waits, and what stands. */
  const judgeAgain = (namespace?: string): void => {
    requeueWaiting(namespace);
    reviews.add(namespace);
  };

  const settlePolicy = (entry: PolicyEntry, fingerprint: string): void => {
    const key = policyKey(entry.kind, entry.metadata);
    if (settled.get(key) === fingerprint) return;
    settled.set(key, fingerprint);
    events.policySettled({ policy: key, state: entry.state.kind, digest: entry.state.inForce?.digest ?? null });
    judgeAgain(entry.metadata.namespace);
  };

  const health = createPolicyHealth({
    clock,
    onQuarantine: (policy, namespace, quarantined) => {
      events.policyQuarantined({ policy, namespace, quarantined });
      policies.add(policy);
      if (quarantined) return;
      requeueWaiting(namespace);
      reviews.retry(namespace);
    },
  });
  const publishing = setInterval(() => {
    for (const policy of health.publish()) policies.add(policy);
  }, PUBLISH_MS).unref();

  const needsWork = (key: string): boolean => versionStore.summary(key)?.needsWork ?? false;
  const bundleGuard = options.bundleGuard ?? createAddressGuard([]);
  const evidence = createEvidenceStore({
    fetch: createEvidenceFetcher({ cluster, guard: bundleGuard }),
    isWaiting: needsWork,
    onNews: (key) => (needsWork(key) ? versions.add(key) : reviews.add(key)),
  });

  const notifications = createNotifications({
    cluster,
    versions: versionStore,
    namespaces,
    guard: options.notificationGuard ?? createAddressGuard([], '--notification-host'),
    events,
    clock,
  });

  const doubts = createStampDoubts(versionStore);
  let interrupted = false;
  const admission = watchAdmission({
    read: createAdmissionReader(cluster),
    namespace: options.operatorNamespace,
    onProblem: (error) => events.connectionProblem('admission policies', error),
    state: createAdmissionState(cluster, options.operatorNamespace),
    isResolved: () => deciding && doubts.isResolved(),
    onInterrupted: () => {
      interrupted = true;
      doubts.mark();
      if (deciding) for (const key of doubts.keys()) versions.add(key);
    },
    onChange: (verified, problems) => {
      events.approvalsVerifiedChanged(verified, problems);
      judgeAgain();
    },
  });

  const signer = createSigningKeys({
    cluster,
    namespace: options.operatorNamespace,
    onKey: events.signingKeyChanged,
    onProblem: events.signingKeyProblem,
  });

  const clockWatch = watchClock({ clock, onStep: requeueWaiting });
  const guard = createDeploymentGuard({ cluster, versions: versionStore, watched: namespaces, clock, events });

  const watched = (resource: ResourceType) => ({
    cluster,
    resource,
    ...(namespaces && resource.namespaced ? { namespaces } : {}),
    onProblem: (error: unknown) => events.connectionProblem(resource.plural, error),
  });
  const watchPolicies = (kind: PolicyKind) => {
    const resource = POLICIES[kind];
    return watchResource({
      ...watched(resource),
      store: createPlainStore(),
      onChange: ({ key, now }) => {
        const policy = `${kind}/${key}`;
        if (now !== undefined) {
          catalog.observe(kind, now);
          policies.add(policy);
          return;
        }
        catalog.forget(policy);
        bundles.forget(policy);
        settled.delete(policy);
        health.forget(policy);
        events.policyGone(policy);
        judgeAgain(resource.namespaced ? namespaceOf(key) : undefined);
      },
    });
  };
  const informers = [
    watchPolicies('ApprovalPolicy'),
    watchPolicies('ClusterApprovalPolicy'),
    watchResource({
      ...watched(NAMESPACES),
      store: namespaceStore,
      onChange: ({ key, old, now }) => {
        guard.observeNamespace(key, now);
        if (JSON.stringify(readLabels(old)) !== JSON.stringify(readLabels(now))) judgeAgain(key);
      },
    }),
    watchResource({
      ...watched(MODEL_VERSIONS),
      store: versionStore,
      onChange: ({ key, old, now }) => {
        index.observe(key, old, now);
        written.observe(key);
        guard.observeVersion(key, now);
        notifications.observe(key);
        for (const observer of options.observers ?? []) observer.observe(key, now);
        if (now?.needsWork) versions.add(key);
        else if (old && now && isTouched(old, now)) reviews.add(key);
        const summary = now ?? old;
        const holder = [old, now].some((state) => state && isServedStage(state.stage));
        if (summary && holder && (now?.archivesOthers || catalog.anyReads('champion')))
          models.addAfter(`${namespaceOf(key)}/${summary.model}`, CHAMPION_DELAY_MS);
      },
    }),
  ];

  const reconcileModel = async (model: string): Promise<undefined> => {
    const namespace = namespaceOf(model);
    for (const key of index.sameModel(`${namespace}/`, model.slice(namespace.length + 1))) {
      const summary = versionStore.summary(key);
      if (summary && (summary.needsWork || index.supersededBy(key, summary) !== undefined)) versions.add(key);
    }
  };

  const records: RecordLog = {
    async record(record) {
      await options.records.record(record);
      if (record.kind === 'Decision') events.decided(record.decision);
      if (record.kind === 'RefusedApproval') events.approvalRefused();
    },
  };
  const bundles = createBundleRefresher({
    fetcher: createBundleFetcher({
      cluster,
      guard: bundleGuard,
      signal: stop.signal,
    }),
    compiler,
    records,
    clock,
    events,
  });
  const ports = {
    versions: versionStore,
    index,
    namespaces: {
      labels: (name: string) => readLabels(namespaceStore.get(name)),
      isTerminating: (name: string) => isBeingDeleted(namespaceStore.get(name)),
    },
    evidence,
    registries: options.registries ?? NO_REGISTRIES,
    policies: catalog,
    clock,
    admission,
    doubts,
    evaluator,
    health,
    signer,
    records,
    writer,
    events: recorder,
    written,
    onUnjudged: reviews.keepUnjudged,
  };
  const policyPorts = {
    catalog,
    compiler,
    bundles,
    records,
    writer,
    events: recorder,
    clock,
    health,
    fetchLater: (key: string) => fetches.add(key),
    compileLater: (key: string) => fetches.addAfter(key, RECOMPILE_DELAY_MS),
    onSettled: settlePolicy,
  };

  events.observe({
    modelVersions: () => versionStore.size,
    notCompliant: () => countNotCompliant(versionStore.summaries()),
    queueLength: () => versions.length,
  });
  events.started({ server: cluster.server, namespaces: namespaces ?? 'all' });
  const run = async (): Promise<void> => {
    const parts = [admission.synced, signer.loaded, ...informers.map(({ synced }) => synced)];
    await untilAborted(Promise.all(parts), stop.signal);
    if (stop.signal.aborted) return;
    if (interrupted) {
      // They are not the admission policies that an operator saw last: what people decided since then is in doubt.
      await untilAborted(admission.settled(), stop.signal);
      doubts.mark();
    }
    // A policy not yet known must not be a policy that does not exist: a version waits for each that judges it.
    const policiesRun = policies.run((key) => reconcilePolicy(key, policyPorts), stop.signal);
    const fetchesRun = fetches.run(async (key) => {
      const result = await retryPolicy(key, policyPorts);
      policies.add(key);
      return result;
    }, stop.signal);
    const settling = Promise.race([policies.idle(), sleep(SETTLE_AT_MOST_MS, undefined, { ref: false })]);
    await Promise.all([untilAborted(settling, stop.signal), guard.start(stop.signal)]);
    const seconds = Math.round(performance.now() - startedAt) / 1000;
    events.synced({ modelVersions: versionStore.size, policies: catalog.entries().length, seconds });
    resolveReady();
    deciding = true;
    reviews.add();
    await Promise.all([
      reviews.run({ ...ports, onChange: (key) => versions.add(key) }, stop.signal),
      policiesRun,
      fetchesRun,
      models.run(reconcileModel, stop.signal),
      notifications.run(stop.signal),
      versions.run((key) => reconcileModelVersion(key, ports), stop.signal),
    ]);
  };
  const { promise: ready, resolve: resolveReady } = Promise.withResolvers<void>();
  const running = run();

  return {
    ready,
    get queueLength() {
      return versions.length;
    },
    versions: versionStore,
    requeue: (key) => versions.add(key),
    async [Symbol.asyncDispose]() {
      stop.abort();
      clockWatch[Symbol.dispose]();
      clearInterval(publishing);
      await running;
      await Promise.all(
        [admission, signer, recorder, evidence, guard, notifications, ...informers].map((part) =>
          part[Symbol.asyncDispose](),
        ),
      );
      events.stopped();
    },
  };
}

function countNotCompliant(summaries: Iterable<readonly [key: string, summary: ModelVersionSummary]>): number {
  let count = 0;
  for (const [, { compliant }] of summaries) if (!compliant) count++;
  return count;
}
