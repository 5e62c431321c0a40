import { z } from 'zod';
import { STAGE_APPROVALS_NAME, type StageApprovalsStatus } from '../api/index.ts';
import { type Cluster, createPlainStore, createWorkQueue, untilAborted, watchResource } from '../kube/index.ts';
import { createApprovedVersions } from './approved-versions.ts';
import type { GuardedNamespaces } from './guarded-namespaces.ts';
import type { ModelVersionSummary } from './model-version-summary.ts';
import { namespaceOf } from './object-ref.ts';
import type { Clock, ModelVersionCache, StageApprovalsWriter } from './ports.ts';
import { reconcileStageApprovals } from './reconcile-stage-approvals.ts';
import { STAGE_APPROVALS } from './resources.ts';
import { createStageApprovalsWriter } from './stage-approvals-writer.ts';
import { createWrittenVersions } from './written-versions.ts';

/** Keeps the StageApprovals of all guarded namespaces as long as it lives. */
export interface StageApprovalsKeeper extends AsyncDisposable {
  /** Resolves when every namespace was tried for the first time. */
  readonly settled: Promise<void>;
  observeVersion(key: string, summary: ModelVersionSummary | undefined): void;
  /** Told that the namespace is guarded, or not any more, or serves the models of another one. */
  observeNamespace(name: string): void;
}

export interface StageApprovalsKeeperOptions {
  readonly cluster: Cluster;
  /** Synced, as are the namespaces: what is not known yet must not be what is not approved. */
  readonly versions: ModelVersionCache;
  readonly namespaces: GuardedNamespaces;
  readonly knowsVersionsOf: (namespace: string) => boolean;
  readonly clock: Clock;
  readonly onWritten: (namespace: string, status: StageApprovalsStatus) => void;
  readonly onGone: (namespace: string) => void;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
  readonly onProblem: (error: unknown) => void;
}

/**
 * How long after a write the next one waits that only opens, at least and in times of what the write took. An approval
 * that comes alone is written at once, and a thousand in a row are some writes: each carries all versions, and ten
 * thousand keep the API server busy for a quarter of a second. What closes never waits.
 */
const OPEN_PAUSE = { leastMs: 500, times: 2 } as const;

/** An approval taken back must not wait a minute because the API server was away for one. */
const BACKOFF = { baseMs: 100, maxMs: 5_000 };

export function keepStageApprovals(options: StageApprovalsKeeperOptions): StageApprovalsKeeper {
  const { cluster, namespaces, clock, onProblem } = options;
  const stop = new AbortController();
  const store = createPlainStore();
  const stored = (namespace: string) => store.get(`${namespace}/${STAGE_APPROVALS_NAME}`);
  const approved = createApprovedVersions(options.versions);
  const written = createWrittenVersions((namespace) => readResourceVersion(stored(namespace)));
  const openFromMs = new Map<string, number>();
  const writer = createStageApprovalsWriter(cluster);
  const queue = createWorkQueue({
    workers: 4,
    backoff: BACKOFF,
    onError: (namespace, error, retryInMs) => options.onError(`StageApprovals/${namespace}`, error, retryInMs),
  });
  const pause = (namespace: string, ms: number) => openFromMs.set(namespace, performance.now() + ms);
  const addAfterPause = (namespace: string): void =>
    queue.addAfter(namespace, Math.max(0, (openFromMs.get(namespace) ?? 0) - performance.now()));
  const informer = watchResource({
    cluster,
    resource: STAGE_APPROVALS,
    name: STAGE_APPROVALS_NAME,
    store,
    onProblem,
    onChange: ({ key, now }) => {
      const namespace = namespaceOf(key);
      written.observe(namespace);
      // Most often it is our own write that comes back, and no reason to write sooner.
      if (now) {
        addAfterPause(namespace);
        return;
      }
      openFromMs.delete(namespace);
      options.onGone(namespace);
      queue.add(namespace);
    },
  });
  const writeStatus: StageApprovalsWriter['writeStatus'] = async (ref, status) => {
    const { namespace = '' } = ref;
    const startedAtMs = performance.now();
    // The watch may be quicker than the answer.
    pause(namespace, OPEN_PAUSE.leastMs);
    const resourceVersion = await writer.writeStatus(ref, status);
    pause(namespace, Math.max(OPEN_PAUSE.leastMs, OPEN_PAUSE.times * (performance.now() - startedAtMs)));
    return resourceVersion;
  };
  const ports = {
    namespaces,
    approved,
    stored,
    knowsVersionsOf: options.knowsVersionsOf,
    writer: { ...writer, writeStatus },
    written,
    clock,
    onWritten: options.onWritten,
  };
  const run = async (): Promise<void> => {
    await untilAborted(informer.synced, stop.signal);
    for (const namespace of namespaces.names()) queue.add(namespace);
    const running = queue.run((namespace) => reconcileStageApprovals(namespace, ports), stop.signal);
    await untilAborted(queue.idle(), stop.signal);
    resolve();
    await running;
  };
  const { promise: settled, resolve } = Promise.withResolvers<void>();
  const running = run();

  return {
    settled,
    observeVersion(key, summary) {
      const change = approved.observe(key, summary);
      if (change === 'none') return;
      for (const namespace of namespaces.servedFrom(namespaceOf(key))) {
        if (change === 'closes') queue.add(namespace);
        else addAfterPause(namespace);
      }
    },
    observeNamespace(name) {
      approved.keepOnly((modelNamespace) => [...namespaces.servedFrom(modelNamespace)].length > 0);
      queue.add(name);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
      await informer[Symbol.asyncDispose]();
    },
  };
}

const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

function readResourceVersion(object: unknown): string | undefined {
  return Versioned.safeParse(object).data?.metadata.resourceVersion;
}
