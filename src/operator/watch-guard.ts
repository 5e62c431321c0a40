import { GUARD_NAME, type GuardJudgement, judgeGuard } from '../admission/index.ts';
import { type Cluster, createPlainStore, watchResource } from '../kube/index.ts';
import { VALIDATING_POLICIES } from './resources.ts';

export interface GuardWatch extends AsyncDisposable {
  /** Resolves when it is known whether the guard is installed. */
  readonly synced: Promise<void>;
}

interface GuardWatchOptions {
  readonly cluster: Cluster;
  /** Told of the first judgement where the guard is installed, and of every later change. */
  readonly onChange: (judgement: GuardJudgement) => void;
  readonly onProblem: (error: unknown) => void;
}

/** Watches whether the deployment guard is installed: that, and no setting of ours, is what makes the operator keep it. */
export function watchGuard({ cluster, onChange, onProblem }: GuardWatchOptions): GuardWatch {
  const stores = { policy: createPlainStore(), binding: createPlainStore() };
  let told = JSON.stringify(judgeGuard({ policy: undefined, binding: undefined }));
  let synced = false;

  const judge = (): void => {
    // The one without the other is nothing to judge: at the start both come, and the order is nobody's.
    if (!synced) return;
    const judgement = judgeGuard({ policy: stores.policy.get(GUARD_NAME), binding: stores.binding.get(GUARD_NAME) });
    const state = JSON.stringify(judgement);
    if (state === told) return;
    told = state;
    onChange(judgement);
  };
  const informers = (['policy', 'binding'] as const).map((part) =>
    watchResource({
      cluster,
      resource: VALIDATING_POLICIES[part],
      name: GUARD_NAME,
      store: stores[part],
      onChange: judge,
      onProblem,
    }),
  );
  return {
    synced: Promise.all(informers.map((informer) => informer.synced)).then(() => {
      synced = true;
      judge();
    }),
    async [Symbol.asyncDispose]() {
      await Promise.all(informers.map((informer) => informer[Symbol.asyncDispose]()));
    },
  };
}
