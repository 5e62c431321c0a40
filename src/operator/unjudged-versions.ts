import { namespaceOf } from './object-ref.ts';

/**
 * What stands and could not be judged: until it is, or there is nothing to judge any more. By why, so that a policy which
 * errs for ever keeps nobody from being asked about the next one.
 */
export interface UnjudgedVersions {
  /** @param key NAMESPACE/NAME */
  add(key: string, why: string): void;
  /** @returns whether it was among them */
  delete(key: string): boolean;
  /** Whether there are any of the namespace. */
  has(namespace: string): boolean;
  /**
   * Asks again, and for one reason no more once so many were asked in vain: a hundred thousand versions are not evaluated
   * again and again by a policy that errs. The others come first the next time.
   *
   * @param ask puts down here itself what it finds
   */
  tryAgain(namespace: string, ask: (key: string) => Promise<Answer>): Promise<void>;
}

/** Refused: by the quarantine of a policy, which is the same for the others. */
export type Answer = 'judged' | 'in vain' | 'refused';

const MOST_IN_VAIN = 20;

export function createUnjudgedVersions(): UnjudgedVersions {
  /** By namespace, then by why. */
  const kept = new Map<string, Map<string, Set<string>>>();

  const remove = (key: string): boolean => {
    const namespace = namespaceOf(key);
    const there = kept.get(namespace);
    for (const [why, keys] of there ?? []) {
      if (!keys.delete(key)) continue;
      if (keys.size === 0) there?.delete(why);
      if (there?.size === 0) kept.delete(namespace);
      return true;
    }
    return false;
  };

  return {
    add(key, why) {
      const namespace = namespaceOf(key);
      if (kept.get(namespace)?.get(why)?.has(key)) return;
      remove(key);
      const there = kept.get(namespace) ?? new Map<string, Set<string>>();
      kept.set(namespace, there.set(why, (there.get(why) ?? new Set<string>()).add(key)));
    },
    delete: remove,
    has: (namespace) => kept.has(namespace),
    async tryAgain(namespace, ask) {
      for (const keys of [...(kept.get(namespace)?.values() ?? [])]) {
        let inVain = 0;
        for (const key of [...keys]) {
          const answer = await ask(key);
          if (answer === 'refused') break;
          if (answer === 'judged') continue;
          if (keys.delete(key)) keys.add(key);
          if (++inVain === MOST_IN_VAIN) break;
        }
      }
    },
  };
}
