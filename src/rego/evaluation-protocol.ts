import type { EvaluationErrorCode } from './evaluation-error.ts';
import type { TracePoint } from './trace.ts';

/** One thing an evaluation worker does. The index of a step in its batch names it in the progress cell. */
export type Step =
  | { kind: 'start-builtins'; reactor: WebAssembly.Module }
  | { kind: 'load'; key: string; module: WebAssembly.Module; data: string; memoryBytes: number }
  | { kind: 'evaluate'; key: string; input: string };

/** What a worker is posted: steps in order, and the policies that it may forget first. */
export interface Batch {
  forget: readonly string[];
  steps: readonly Step[];
}

/** What it posts back, one a step: only an evaluation's text is not empty. */
export type StepResult =
  | { kind: 'value'; step: number; text: string; microseconds: number; trace?: readonly TracePoint[] | undefined }
  | { kind: 'error'; step: number; code: EvaluationErrorCode; message: string; microseconds: number };

export interface WorkerMessage {
  kind: 'ready' | 'results';
  results: readonly StepResult[];
  /** The keys of policies that it has forgotten by itself, for their memory; told with the end of the batch. */
  unloaded: readonly string[];
  /** Whether the batch is through. */
  done: boolean;
}

export interface EvaluationWorkerData {
  progress: SharedArrayBuffer;
}

/**
 * Which step a worker is at, and since when, in memory that both sides see: the watching thread must know it even
 * when the worker is in an endless loop. One 64-bit word, so that it is never read half written.
 */
export interface Progress {
  begin(step: number): void;
  end(): void;
  /** Null between steps. */
  read(): { step: number; startedMs: number } | null;
}

/** A batch has at most 64 evaluations, each with a load before it, and one start of OPA's builtins: 129 steps. */
const stepBits = 8n;
const idle = 0n;

export function createProgress(shared: SharedArrayBuffer): Progress {
  const cell = new BigInt64Array(shared);
  return {
    begin(step) {
      // hrtime is one clock for all threads of the process.
      const micros = process.hrtime.bigint() / 1000n;
      Atomics.store(cell, 0, (micros << stepBits) | BigInt(step + 1));
    },
    end() {
      Atomics.store(cell, 0, idle);
    },
    read() {
      const word = Atomics.load(cell, 0);
      if (word === idle) return null;
      return { step: Number(word & ((1n << stepBits) - 1n)) - 1, startedMs: Number(word >> stepBits) / 1000 };
    },
  };
}

export const progressBytes = 8;

/** Milliseconds on the clock of `Progress`. */
export function progressNowMs(): number {
  return Number(process.hrtime.bigint() / 1000n) / 1000;
}
