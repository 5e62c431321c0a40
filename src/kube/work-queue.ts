import { createTurns } from './turns.ts';

/** A queue of keys, not of events: whatever happens to one object while it waits is one piece of work. */
export interface WorkQueue {
  /** A key that waits already is not added twice; one that is being worked on comes back after that. */
  add(key: string): void;
  /** Adds the key later; an earlier time that is already set stays. */
  addAfter(key: string, delayMs: number): void;
  /** Resolves when every worker has ended, after `signal`. */
  run(work: Work, signal: AbortSignal): Promise<void>;
  /** Resolves when no key waits or is being worked on, at once where there is none. */
  idle(): Promise<void>;
  /** Keys that wait or are being worked on. */
  readonly length: number;
}

/** When the key comes back by itself; nothing: when something happens to it. */
export interface WorkResult {
  readonly requeueAfterMs?: number;
  /** Comes back later each time, at the latest after this long: what went wrong is told already, and may pass. */
  readonly retryAtMostMs?: number;
}

export type Work = (key: string) => Promise<WorkResult | undefined>;

interface QueueOptions {
  /** How many keys at once; one key is never worked on twice at once. */
  readonly workers: number;
  /**
   * Whose key it is, such as its namespace. A free worker takes a key of whom the fewest are being worked on: who has ten
   * thousand slow ones holds up nobody else. Left out: keys are taken as they come.
   */
  readonly ownerOf?: (key: string) => string;
  readonly onError: (key: string, error: unknown, retryInMs: number) => void;
  readonly backoff?: { readonly baseMs: number; readonly maxMs: number };
  /** Between 0 and 1; an argument so that tests can choose it. */
  readonly random?: () => number;
}

const BACKOFF = { baseMs: 200, maxMs: 60_000 };

/** A failed key comes back with exponential back-off and jitter, so that a thousand failures do not come back at once. */
export function createWorkQueue({
  workers,
  ownerOf = () => '',
  onError,
  backoff = BACKOFF,
  random = Math.random,
}: QueueOptions): WorkQueue {
  const waiting = createTurns(ownerOf);
  const active = new Set<string>();
  const again = new Set<string>();
  const failures = new Map<string, number>();
  const timers = new Map<string, { readonly at: number; readonly timer: NodeJS.Timeout }>();
  const idle: (() => void)[] = [];
  let wake: (() => void) | undefined;

  const add = (key: string): void => {
    if (active.has(key)) again.add(key);
    else waiting.add(key);
    wake?.();
  };

  const addAfter = (key: string, delayMs: number): void => {
    const at = performance.now() + delayMs;
    const set = timers.get(key);
    if (set && set.at <= at) return;
    clearTimeout(set?.timer);
    // Node fires a longer timer at once; the work finds out itself that it is too early.
    const timer = setTimeout(
      () => {
        timers.delete(key);
        add(key);
      },
      Math.min(delayMs, 2 ** 31 - 1),
    );
    timer.unref();
    timers.set(key, { at, timer });
  };

  const nextDelayMs = (key: string, maxMs: number): number => {
    const failed = failures.get(key) ?? 0;
    failures.set(key, failed + 1);
    return Math.min(maxMs, backoff.baseMs * 2 ** failed) * (0.5 + random() / 2);
  };

  const runOne = async (key: string, work: Work): Promise<void> => {
    active.add(key);
    try {
      const result = await work(key);
      if (result?.requeueAfterMs !== undefined) addAfter(key, result.requeueAfterMs);
      if (result?.retryAtMostMs !== undefined) addAfter(key, nextDelayMs(key, result.retryAtMostMs));
      else failures.delete(key);
    } catch (error) {
      const delayMs = nextDelayMs(key, backoff.maxMs);
      onError(key, error, delayMs);
      addAfter(key, delayMs);
    } finally {
      active.delete(key);
      waiting.done(key);
      if (again.delete(key)) waiting.add(key);
      if (waiting.size + active.size === 0) for (const resolve of idle.splice(0)) resolve();
      wake?.();
    }
  };

  const run = async (work: Work, signal: AbortSignal): Promise<void> => {
    const onAbort = () => wake?.();
    signal.addEventListener('abort', onAbort);
    const running = new Set<Promise<void>>();
    while (!signal.aborted) {
      while (active.size < workers) {
        const key = waiting.take();
        if (key === undefined) break;
        const one = runOne(key, work).finally(() => running.delete(one));
        running.add(one);
      }
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      // Something may have been added between the loop and here only by this same turn, which has seen it.
      if (!signal.aborted && (waiting.size === 0 || active.size >= workers)) await promise;
    }
    signal.removeEventListener('abort', onAbort);
    for (const { timer } of timers.values()) clearTimeout(timer);
    timers.clear();
    await Promise.all(running);
  };

  return {
    add,
    addAfter,
    run,
    idle: async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      if (waiting.size + active.size === 0) resolve();
      else idle.push(resolve);
      await promise;
    },
    get length() {
      return waiting.size + active.size;
    },
  };
}
