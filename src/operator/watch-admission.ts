import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { judgeAdmission } from '../admission/index.ts';

/** Reads the admission policies and bindings that carry our names; one that is missing is left out. */
export type AdmissionReader = () => Promise<readonly unknown[]>;

/** Keeps which admission policies were seen last, also while no operator runs. */
export interface AdmissionState {
  /** @returns undefined where none were seen yet. */
  load(): Promise<string | undefined>;
  save(identity: string): Promise<void>;
}

export interface AdmissionWatch extends AsyncDisposable {
  /** Resolves when the admission policies were read for the first time. */
  readonly synced: Promise<void>;
  /** Whether stamps can be trusted, as of the last look; false until it is known. */
  readonly verified: () => boolean;
  /**
   * Looks again now; calls at one time share a look.
   *
   * @returns whether they are in force, and were not taken away or changed a moment ago
   * @throws KubeApiError where they cannot be read, so that nothing is decided until they can
   */
  readonly confirm: () => Promise<boolean>;
  /** Resolves when nothing of what came during an interruption can still be on its way. */
  readonly settled: () => Promise<void>;
}

interface AdmissionWatchOptions {
  readonly read: AdmissionReader;
  readonly state: AdmissionState;
  /** Where Assent is installed: its ServiceAccounts there are the ones that the policies must name. */
  readonly namespace: string;
  readonly intervalMs?: number;
  readonly onChange: (verified: boolean, problems: readonly string[]) => void;
  /**
   * They are other objects than at the look before, which may have been another operator's: taken away and put back, or
   * changed and changed back, they let something through in between. Whatever people decided and submitted by now is in
   * doubt. It is called once more when all that was written in between has come.
   */
  readonly onInterrupted: () => void;
  /**
   * Whether all that is in doubt has been recorded as such. Until then what is in force is not noted as known: an operator
   * that starts meanwhile, after a crash or beside this one, must be in doubt about the same.
   */
  readonly isResolved: () => boolean;
  readonly onProblem: (error: unknown) => void;
}

const INTERVAL_MS = 2_000;
const RETRY_MS = 500;
/** How often to see whether all doubt is recorded: until then it would be doubted again after a crash. */
const SAVE_MS = 250;
/** How long after an interruption a watch may still bring what was written during it. */
const DOUBT_MS = 1_000;

/** Asks again and again whether the admission policies are in force as built. A failed read changes nothing. */
export function watchAdmission(options: AdmissionWatchOptions): AdmissionWatch {
  const {
    read,
    state: kept,
    namespace,
    intervalMs = INTERVAL_MS,
    onChange,
    onInterrupted,
    isResolved,
    onProblem,
  } = options;
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let known: string | undefined;
  let identity: string | undefined;
  let unsaved: string | undefined;
  let verified = false;
  let doubting: Promise<void> | undefined;
  let looking: Promise<boolean> | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const look = async (): Promise<boolean> => {
    const found = await read();
    const judgement = judgeAdmission(found, { namespace });
    const before = identity ?? (await kept.load());
    const now = identify(found);
    if (before !== now) {
      unsaved = now;
      void doubt();
    }
    identity = now;
    const state = JSON.stringify(judgement);
    verified = judgement.verified;
    if (state !== known && !stopped) onChange(judgement.verified, judgement.problems);
    known = state;
    resolve();
    return verified && doubting === undefined;
  };
  const doubt = async (): Promise<void> => {
    onInterrupted();
    const stragglers = sleep(DOUBT_MS, undefined, { ref: false });
    doubting = stragglers;
    await stragglers;
    if (stopped) return;
    onInterrupted();
    if (doubting !== stragglers) return;
    doubting = undefined;
    while (unsaved !== undefined && !doubting && !stopped) {
      await saveResolved().catch(onProblem);
      await sleep(SAVE_MS, undefined, { ref: false });
    }
  };
  const saveResolved = async (): Promise<void> => {
    const seen = unsaved;
    if (seen === undefined || doubting || !isResolved()) return;
    await kept.save(seen);
    if (unsaved === seen) unsaved = undefined;
  };
  // A look that has begun may have read already: whoever asks now needs one that begins later.
  const confirm = async (): Promise<boolean> => {
    await looking?.catch(() => undefined);
    looking ??= look().finally(() => {
      looking = undefined;
    });
    return looking;
  };

  const check = async (): Promise<void> => {
    try {
      await confirm();
    } catch (error) {
      onProblem(error);
    }
    if (!stopped) timer = setTimeout(check, known === undefined ? Math.min(RETRY_MS, intervalMs) : intervalMs);
  };
  const first = check();

  return {
    synced,
    verified: () => verified,
    confirm,
    settled: async () => doubting,
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await first;
      await saveResolved().catch(onProblem);
    },
  };
}

const Identified = z.object({ metadata: z.object({ uid: z.string(), generation: z.number().default(0) }) });

/** @returns what changes when one of them is changed, taken away or made anew. */
function identify(found: readonly unknown[]): string {
  const identities = found.map((object) => {
    const { uid, generation } = Identified.parse(object).metadata;
    return `${uid}/${generation}`;
  });
  return identities.toSorted().join();
}
