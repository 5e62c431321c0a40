import { CustomRun, isOpen } from './custom-run.ts';

/**
 * A store for a watch that remembers the keys of the runs of ours that have not ended, and nothing else: a cluster keeps
 * the runs of months, most of them another's.
 */
export function createOpenRuns() {
  const open = new Set<string>();
  return {
    put(key: string, object: object): boolean {
      const parsed = CustomRun.safeParse(object);
      if (parsed.success && isOpen(parsed.data)) open.add(key);
      else open.delete(key);
      return open.has(key);
    },
    delete: (key: string) => void open.delete(key),
    seen: (key: string) => open.has(key) || undefined,
    keys: () => open.keys(),
    get size() {
      return open.size;
    },
  };
}
