import { createBackoff } from '../../kube/index.ts';
import { type MlflowClient, RegistryError } from '../client/index.ts';
import type { RegistryConnection } from './registry-connection.ts';

/** Asks one registry, and leaves it alone while it has just refused or not answered: whoever asks then fails at once. */
export interface RegistryCalls {
  /** @throws RegistryError, and whatever the work throws besides */
  ask<Result>(work: (client: MlflowClient) => Promise<Result>): Promise<Result>;
  /** It is asked again at once. */
  forgive(): void;
  /** Why the registry is left alone, and for how long; null where it is not. */
  refusal(): { readonly error: RegistryError; readonly forMs: number } | null;
}

interface RegistryCallsOptions {
  readonly connection: RegistryConnection;
  /** How long it is left alone where only a person can help. */
  readonly standingMs: number;
  readonly onRefused: (error: RegistryError) => void;
  /** It answers again. */
  readonly onRecovered: () => void;
  readonly nowMs?: () => number;
}

/** Nothing that comes again by itself: a wrong password asked again and again locks an account. */
const STANDING: readonly RegistryError['code'][] = ['unauthorized', 'address-refused', 'malformed'];
const BACKOFF = { baseMs: 1_000, maxMs: 30_000 };

export function createRegistryCalls(options: RegistryCallsOptions): RegistryCalls {
  const { connection, standingMs, nowMs = () => performance.now() } = options;
  const backoff = createBackoff(BACKOFF);
  let refused: { readonly error: RegistryError; readonly untilMs: number } | null = null;

  const refusal: RegistryCalls['refusal'] = () => {
    const forMs = refused ? refused.untilMs - nowMs() : 0;
    return refused && forMs > 0 ? { error: refused.error, forMs } : null;
  };

  const note = (error: RegistryError): void => {
    const standing = STANDING.includes(error.code);
    if (!standing && error.code !== 'unreachable') return;
    connection.forget();
    // Of many that fail at once, the first has said it.
    if (refusal()) return;
    refused = { error, untilMs: nowMs() + (standing ? standingMs : backoff.nextMs()) };
    options.onRefused(error);
  };

  return {
    refusal,
    forgive() {
      refused = null;
      connection.forget();
    },
    async ask(work) {
      const standing = refusal();
      if (standing) throw standing.error;
      try {
        const result = await work(await connection.connect());
        backoff.reset();
        if (refused) options.onRecovered();
        refused = null;
        return result;
      } catch (error) {
        if (error instanceof RegistryError) note(error);
        throw error;
      }
    },
  };
}
