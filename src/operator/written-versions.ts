import { isOlder } from '../kube/index.ts';

/** What this operator has written and the watch has not shown yet: deciding from before that would decide twice. */
export interface WrittenVersions {
  /** Told of every status that was written. */
  wrote(key: string, resourceVersion: string): void;
  /** Told of every change that the watch shows. */
  observe(key: string): void;
  /** Whether the cache's state of the object is older than what was written. */
  isBehind(key: string): boolean;
}

/**
 * @param cachedVersion the resourceVersion of the state in the cache; undefined where the object is gone
 */
export function createWrittenVersions(
  cachedVersion: (key: string) => string | undefined,
  nowMs: () => number = () => performance.now(),
): WrittenVersions {
  const written = new Map<string, { readonly resourceVersion: string; readonly untilMs: number }>();
  const isOlderThan = (key: string, own: string): boolean => {
    const cached = cachedVersion(key);
    return cached !== undefined && isOlder(cached, own);
  };
  const isBehind = (key: string): boolean => {
    const own = written.get(key);
    if (own && own.untilMs > nowMs() && isOlderThan(key, own.resourceVersion)) return true;
    written.delete(key);
    return false;
  };
  return {
    // The watch may have been quicker than the answer.
    wrote: (key, resourceVersion) => {
      if (isOlderThan(key, resourceVersion)) written.set(key, { resourceVersion, untilMs: nowMs() + LIMIT_MS });
    },
    observe: (key) => void isBehind(key),
    isBehind,
  };
}

/** A cluster restored from a backup counts from an older number: its watch never shows what was written before. */
const LIMIT_MS = 30_000;
