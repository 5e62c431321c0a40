import { judgeAdmission } from '../admission/index.ts';

/** Reads the admission policies and bindings that carry our names; one that is missing is left out. */
export type AdmissionReader = () => Promise<readonly unknown[]>;

export interface AdmissionWatch extends AsyncDisposable {
  /** Resolves when the admission policies were read for the first time. */
  readonly synced: Promise<void>;
  /** Whether stamps can be trusted; false until it is known. */
  readonly verified: () => boolean;
}

interface AdmissionWatchOptions {
  readonly read: AdmissionReader;
  /** The user that alone may write a status. */
  readonly operator: string;
  readonly intervalMs?: number;
  readonly onChange: (verified: boolean, problems: readonly string[]) => void;
  readonly onProblem: (error: unknown) => void;
}

const INTERVAL_MS = 10_000;

/** Asks again and again whether the admission policies are in force as built. A failed read changes nothing. */
export function watchAdmission(options: AdmissionWatchOptions): AdmissionWatch {
  const { read, operator, intervalMs = INTERVAL_MS, onChange, onProblem } = options;
  const { promise: synced, resolve } = Promise.withResolvers<void>();
  let known: string | undefined;
  let verified = false;
  let timer: NodeJS.Timeout | undefined;
  let stopped = false;

  const check = async (): Promise<void> => {
    try {
      const judgement = judgeAdmission(await read(), { operator });
      const state = JSON.stringify(judgement);
      if (stopped) return;
      verified = judgement.verified;
      if (state !== known) onChange(judgement.verified, judgement.problems);
      known = state;
      resolve();
    } catch (error) {
      onProblem(error);
    }
    if (!stopped) timer = setTimeout(check, known === undefined ? Math.min(1_000, intervalMs) : intervalMs);
  };
  const first = check();

  return {
    synced,
    verified: () => verified,
    async [Symbol.asyncDispose]() {
      stopped = true;
      clearTimeout(timer);
      await first;
    },
  };
}
