import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Cluster,
  createWorkQueue,
  KubeApiError,
  resourcePath,
  untilAborted,
  watchResource,
} from '../../kube/index.ts';
import type { OperatorEvents } from '../../telemetry/index.ts';
import { CUSTOM_RUNS } from './custom-run.ts';
import { createOpenRuns } from './open-runs.ts';
import { reconcileCustomRun } from './reconcile-custom-run.ts';

export interface ApprovalTasks extends AsyncDisposable {
  /** Told of every change of the versions, by key NAMESPACE/NAME: the operator watches them already. */
  observe(version: string): void;
}

interface ApprovalTasksOptions {
  readonly cluster: Cluster;
  /** Undefined: all. */
  readonly namespaces?: readonly string[];
  readonly events: Pick<OperatorEvents, 'reconcileFailed' | 'connectionProblem' | 'approvalTasksChanged'>;
  readonly clock?: () => string;
  /** How often it is looked whether Tekton's kind is there, while it is not. */
  readonly probeMs?: number;
}

const PROBE_MS = 5_000;
const WORKERS = 8;

/**
 * Serves Tekton's CustomRuns of the kind Approval. No setting turns it on: it begins when the API server serves
 * CustomRuns and the operator may read them, and rests when that ends.
 */
export function startApprovalTasks(options: ApprovalTasksOptions): ApprovalTasks {
  const { cluster, namespaces, events, probeMs = PROBE_MS } = options;
  const clock = options.clock ?? (() => new Date().toISOString());
  const stop = new AbortController();
  const queue = createWorkQueue({ workers: WORKERS, onError: events.reconcileFailed });
  const awaited = createAwaitedVersions();

  const serve = async (): Promise<void> => {
    const { promise: over, resolve } = Promise.withResolvers<void>();
    await using _watch = watchResource({
      cluster,
      resource: CUSTOM_RUNS,
      ...(namespaces ? { namespaces } : {}),
      store: createOpenRuns(),
      onChange: ({ key, now }) => now !== false && queue.add(key),
      onProblem: (error) => (isAbsent(error) ? resolve() : events.connectionProblem(CUSTOM_RUNS.plural, error)),
    });
    await untilAborted(over, stop.signal);
  };
  const follow = async (): Promise<void> => {
    while (!stop.signal.aborted) {
      if (await isServed(cluster, namespaces, stop.signal)) {
        events.approvalTasksChanged(true);
        await serve();
        if (!stop.signal.aborted) events.approvalTasksChanged(false);
      }
      await sleep(probeMs, undefined, { signal: stop.signal, ref: false }).catch(() => {});
    }
  };
  const ports = {
    cluster,
    clock,
    signal: stop.signal,
    awaitVersion: awaited.add,
    forget: awaited.forget,
  };
  const running = Promise.all([follow(), queue.run((key) => reconcileCustomRun(key, ports), stop.signal)]);

  return {
    observe(version) {
      for (const run of awaited.runsOf(version)) queue.add(run);
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

async function isServed(
  cluster: Cluster,
  namespaces: readonly string[] | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  const [namespace] = namespaces ?? [];
  const path = resourcePath(CUSTOM_RUNS, { namespace });
  try {
    await cluster.request({ method: 'GET', path, query: { limit: '1' }, signal });
    return true;
  } catch {
    // Absent, not allowed or not reachable: each may pass, and none is a fault of this operator.
    return false;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof KubeApiError && (error.code === 'not-found' || error.code === 'forbidden');
}

/** Which runs wait for which version. */
function createAwaitedVersions() {
  const versionOf = new Map<string, string>();
  const runs = new Map<string, Set<string>>();
  const forget = (run: string): void => {
    const version = versionOf.get(run);
    if (version === undefined) return;
    versionOf.delete(run);
    const others = runs.get(version);
    others?.delete(run);
    if (others?.size === 0) runs.delete(version);
  };
  return {
    forget,
    runsOf: (version: string): Iterable<string> => runs.get(version) ?? [],
    add(run: string, version: string) {
      if (versionOf.get(run) === version) return;
      forget(run);
      versionOf.set(run, version);
      runs.set(version, (runs.get(version) ?? new Set()).add(run));
    },
  };
}
