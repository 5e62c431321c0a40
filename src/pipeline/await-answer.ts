import {
  type Cluster,
  createPlainStore,
  MODEL_VERSIONS,
  readObject,
  resourcePath,
  watchResource,
} from '../kube/index.ts';
import { GatedVersion } from './gated-version.ts';
import { type GateJudgement, type GateQuestion, type GateWaits, judgeGate } from './judge-gate.ts';
import { isOutageOfKnown, outlast, type Patience, UnreachableError } from './transient-fault.ts';

/** How a gate ends. */
export type GateEnd =
  | Exclude<GateJudgement, { kind: 'waiting' }>
  | { readonly kind: 'deleted' | 'timed-out' | 'unreachable'; readonly message: string };

export interface GateListener extends Patience {
  /** Told what is missing, each time that the version is read and has no answer. */
  readonly onWaiting: (waits: GateWaits) => void;
}

const PROBE_TIMEOUT_MS = 10_000;

/**
 * Waits for the answer with a watch of the one object. A watch that breaks is taken up again by itself; meanwhile the
 * object is read, which tells how long the cluster is away, and misses nothing that was decided in between.
 *
 * No approval is taken from the watch alone: one that comes back after a while tells of the past first, and the approval
 * may have been revoked since. The object is read once more before the gate opens.
 *
 * @param listener its signal ends the wait
 */
export async function awaitAnswer(cluster: Cluster, question: GateQuestion, listener: GateListener): Promise<GateEnd> {
  const { namespace, name } = question;
  const { promise, resolve, reject } = Promise.withResolvers<GateEnd>();
  const ended = new AbortController();
  const signal = AbortSignal.any([listener.signal, ended.signal]);
  let last = '';

  const look = (object: object | null | undefined, from: 'watch' | 'read') => {
    if (!object)
      return resolve({
        kind: 'deleted',
        message: `${name} was deleted while the gate waited: nothing can approve it now`,
      });
    const parsed = GatedVersion.safeParse(object);
    if (!parsed.success) return listener.onProblem(parsed.error);
    const judged = judgeGate(parsed.data, question);
    if (judged.kind === 'approved' && from === 'watch') return void probe();
    if (judged.kind !== 'waiting') return resolve(judged);
    last = judged.message;
    listener.onWaiting(judged);
  };

  /** Counts those who want the object read: what a read under way brings may be older than what they have seen. */
  let wanted = 0;
  const probe = async (): Promise<void> => {
    wanted += 1;
    if (wanted > 1) return;
    try {
      const path = resourcePath(MODEL_VERSIONS, { namespace, name });
      const read = () => readObject(cluster, path, { signal, timeoutMs: PROBE_TIMEOUT_MS });
      for (let served = 0; served < wanted && !signal.aborted; ) {
        served = wanted;
        look(await outlast(read, isOutageOfKnown, { ...listener, signal }), 'read');
      }
    } catch (error) {
      if (signal.aborted) return;
      if (error instanceof UnreachableError) resolve({ kind: 'unreachable', message: error.message });
      else reject(error);
    } finally {
      wanted = 0;
    }
  };

  const store = createPlainStore();
  await using watch = watchResource({
    cluster,
    resource: MODEL_VERSIONS,
    namespaces: [namespace],
    name,
    store,
    onChange: ({ now }) => look(now, 'watch'),
    // Told of only where the object cannot be read either: who may not watch is answered by reading alone.
    onProblem: () => void probe(),
  });
  void watch.synced.then(() => store.size === 0 && look(undefined, 'watch'));
  const timeOut = () => resolve({ kind: 'timed-out', message: last });
  if (listener.signal.aborted) timeOut();
  listener.signal.addEventListener('abort', timeOut, { once: true });
  try {
    return await promise;
  } finally {
    listener.signal.removeEventListener('abort', timeOut);
    ended.abort();
  }
}
