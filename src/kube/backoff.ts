/** Waiting times that double, with jitter, so that a thousand clients do not come back at once. */
export interface Backoff {
  /** @returns how long to wait before the next try. */
  nextMs(): number;
  /** All is well again: the next wait is the shortest. */
  reset(): void;
}

interface BackoffOptions {
  readonly baseMs: number;
  readonly maxMs: number;
  /** Between 0 and 1. */
  readonly random?: () => number;
}

/** @returns waits between half of baseMs, doubled with each try, and maxMs. */
export function createBackoff({ baseMs, maxMs, random = Math.random }: BackoffOptions): Backoff {
  let tries = 0;
  return {
    nextMs: () => Math.min(maxMs, baseMs * 2 ** tries++) * (0.5 + random() / 2),
    reset() {
      tries = 0;
    },
  };
}
