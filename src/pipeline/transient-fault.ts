import { setTimeout as sleep } from 'node:timers/promises';
import { createBackoff, KubeApiError } from '../kube/index.ts';

/** The cluster gave no answer for longer than it may. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError';
}

export interface Patience {
  /** For how long faults that pass are waited out. */
  readonly unreachableForMs: number;
  /** Told of each fault. */
  readonly onProblem: (error: unknown) => void;
  readonly signal: AbortSignal;
}

/**
 * Tries again while a cluster gives no answer, as one that is being upgraded.
 *
 * @throws UnreachableError where that lasts too long; other errors as they come
 */
export async function outlast<Answer>(
  attempt: () => Promise<Answer>,
  isTransient: (error: unknown) => boolean,
  { unreachableForMs, onProblem, signal }: Patience,
): Promise<Answer> {
  const backoff = createBackoff({ baseMs: 500, maxMs: 5_000 });
  const startedAt = performance.now();
  for (;;) {
    try {
      return await attempt();
    } catch (error) {
      if (signal.aborted || !isTransient(error)) throw error;
      onProblem(error);
      const leftMs = startedAt + unreachableForMs - performance.now();
      if (leftMs <= 0)
        throw new UnreachableError(error instanceof Error ? error.message : String(error), { cause: error });
      await sleep(Math.min(leftMs, backoff.nextMs()), undefined, { signal });
    }
  }
}

/** Whether the API server was not there to answer, or said that it cannot at the moment. */
export function isOutage(error: unknown): boolean {
  if (!(error instanceof KubeApiError)) return false;
  return ['unreachable', 'timeout', 'server', 'too-many-requests'].includes(error.code);
}

/**
 * Of a cluster that has answered before, more passes: one that starts knows neither its kinds nor its roles for a
 * moment, and tokens are renewed.
 */
export function isOutageOfKnown(error: unknown): boolean {
  if (isOutage(error)) return true;
  if (!(error instanceof KubeApiError)) return false;
  const unknownKind = error.code === 'not-found' && error.answer === undefined;
  return unknownKind || error.code === 'unauthorized' || error.code === 'forbidden';
}
