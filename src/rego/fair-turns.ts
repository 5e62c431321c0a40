/** One piece of work at a time; whoever has taken the least time so far comes first. */
export interface FairTurns {
  /**
   * @param owner whose work it is
   * @returns what `work` gives, when it was its turn
   */
  take<Value>(owner: string, work: () => Promise<Value>): Promise<Value>;
}

/** Times count for as long as anybody waits: after that nobody is in anybody's debt. */
export function createFairTurns(nowMs: () => number = () => performance.now()): FairTurns {
  const waiting: { readonly owner: string; readonly start: () => Promise<void> }[] = [];
  const takenMs = new Map<string, number>();
  let busy = false;

  const takenBy = (owner: string): number => takenMs.get(owner) ?? 0;

  const runAll = async (): Promise<void> => {
    busy = true;
    for (let next = takeNext(); next; next = takeNext()) {
      const startedMs = nowMs();
      await next.start();
      takenMs.set(next.owner, takenBy(next.owner) + nowMs() - startedMs);
    }
    takenMs.clear();
    busy = false;
  };

  const takeNext = () => {
    const least = Math.min(...waiting.map(({ owner }) => takenBy(owner)));
    const at = waiting.findIndex(({ owner }) => takenBy(owner) === least);
    return at < 0 ? undefined : waiting.splice(at, 1)[0];
  };

  return {
    take<Value>(owner: string, work: () => Promise<Value>) {
      const { promise, resolve, reject } = Promise.withResolvers<Value>();
      waiting.push({ owner, start: () => work().then(resolve, reject) });
      if (!busy) void runAll();
      return promise;
    },
  };
}
