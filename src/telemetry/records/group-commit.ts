/** Writes what comes at the same time together: a disk that syncs 300 times a second can keep thousands of records. */
export interface GroupCommit<Item> {
  /** Resolves when the item's group is committed; rejects where that failed. */
  add(item: Item): Promise<void>;
  /** Resolves when nothing waits. */
  idle(): Promise<void>;
}

/** @param commit is called with one group at a time: all that came while the group before was committed, in order. */
export function createGroupCommit<Item>(commit: (items: readonly Item[]) => Promise<void>): GroupCommit<Item> {
  let waiting: { readonly item: Item; readonly done: PromiseWithResolvers<void> }[] = [];
  let running: Promise<void> | undefined;

  const run = async (): Promise<void> => {
    while (waiting.length > 0) {
      const group = waiting;
      waiting = [];
      try {
        await commit(group.map(({ item }) => item));
        for (const { done } of group) done.resolve();
      } catch (error) {
        for (const { done } of group) done.reject(error);
      }
    }
    running = undefined;
  };

  return {
    add(item) {
      const done = Promise.withResolvers<void>();
      waiting.push({ item, done });
      running ??= run();
      return done.promise;
    },
    async idle() {
      await running;
    },
  };
}
