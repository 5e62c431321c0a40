import type { StageApprovalsStatus } from '../api/index.ts';
import { type Cluster, untilAborted } from '../kube/index.ts';
import type { OperatorEvents } from '../telemetry/index.ts';
import { createGuardedNamespaces } from './guarded-namespaces.ts';
import { keepStageApprovals, type StageApprovalsKeeper } from './keep-stage-approvals.ts';
import type { ModelVersionSummary } from './model-version-summary.ts';
import type { Clock, ModelVersionCache } from './ports.ts';
import { watchGuard } from './watch-guard.ts';

/** What the operator does for the deployment guard: as long as that is installed, and nothing before or after. */
export interface DeploymentGuard extends AsyncDisposable {
  observeVersion(key: string, summary: ModelVersionSummary | undefined): void;
  /** Told of every change of a namespace; undefined: it is gone. */
  observeNamespace(name: string, namespace: unknown): void;
  /**
   * Begins to write where the guard is installed. The caches of versions and namespaces must have synced.
   *
   * @returns resolves when every guarded namespace says what is approved now, and at the latest after some seconds: a
   * guard that is half installed must not keep anybody from deciding
   */
  start(signal: AbortSignal): Promise<void>;
}

interface DeploymentGuardOptions {
  readonly cluster: Cluster;
  readonly versions: ModelVersionCache;
  /** The namespaces whose versions the operator looks after; undefined: all. */
  readonly watched: readonly string[] | undefined;
  readonly clock: Clock;
  readonly events: OperatorEvents;
}

const START_LIMIT_MS = 10_000;

export function createDeploymentGuard(options: DeploymentGuardOptions): DeploymentGuard {
  const { cluster, versions, watched, clock, events } = options;
  const namespaces = createGuardedNamespaces();
  const onProblem = (error: unknown) => events.connectionProblem('deployment guard', error);
  let keeper: StageApprovalsKeeper | undefined;
  let ending: Promise<void> = Promise.resolve();
  let installed = false;
  let started = false;

  const follow = (): void => {
    if (installed && started) {
      keeper ??= keepStageApprovals({
        cluster,
        versions,
        namespaces,
        knowsVersionsOf: (namespace) => watched?.includes(namespace) ?? true,
        clock,
        onWritten: (namespace: string, status: StageApprovalsStatus) =>
          events.stageApprovalsWritten({ namespace, approved: status.approved, omitted: status.omitted }),
        onGone: events.stageApprovalsGone,
        onError: events.reconcileFailed,
        onProblem,
      });
      return;
    }
    const ended = keeper;
    keeper = undefined;
    ending = Promise.all([ending, ended?.[Symbol.asyncDispose]()]).then(() => {});
  };
  const watch = watchGuard({
    cluster,
    onProblem,
    onChange: (judgement) => {
      events.deploymentGuardChanged(judgement);
      installed = judgement.installed;
      follow();
    },
  });

  return {
    observeVersion: (key, summary) => keeper?.observeVersion(key, summary),
    observeNamespace(name, namespace) {
      const before = namespaces.modelNamespace(name);
      namespaces.observe(name, namespace);
      if (before !== namespaces.modelNamespace(name)) keeper?.observeNamespace(name);
    },
    async start(signal) {
      const limit = AbortSignal.any([signal, AbortSignal.timeout(START_LIMIT_MS)]);
      await untilAborted(watch.synced, limit);
      if (signal.aborted) return;
      started = true;
      follow();
      if (keeper) await untilAborted(keeper.settled, limit);
    },
    async [Symbol.asyncDispose]() {
      started = false;
      follow();
      await Promise.all([ending, watch[Symbol.asyncDispose]()]);
    },
  };
}
