import { setTimeout as sleep } from 'node:timers/promises';
import { expect } from 'vitest';

/** Looks again and again until what is seen is as expected; says what was seen last where it never is. */
export async function until<T>(look: () => Promise<T>, expected: unknown, limitMs = 45_000): Promise<T> {
  const end = performance.now() + limitMs;
  for (;;) {
    const startedAt = performance.now();
    try {
      const seen = await look();
      expect(seen).toEqual(expected);
      return seen;
    } catch (error) {
      if (performance.now() > end) throw error;
      // Whoever looks takes no more of the machine than half: what is awaited happens on it too.
      await sleep(Math.max(50, performance.now() - startedAt));
    }
  }
}
