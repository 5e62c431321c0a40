import { Worker } from 'node:worker_threads';
import type { EvaluationErrorCode } from './evaluation-error.ts';
import {
  type Batch,
  createProgress,
  type EvaluationWorkerData,
  progressBytes,
  progressNowMs,
  type Step,
  type StepResult,
  type WorkerMessage,
} from './evaluation-protocol.ts';
import type { TracePoint } from './trace.ts';
import { workerUrl } from './worker-url.ts';

/** One evaluation on its way through the pool. */
export interface Job {
  /** Names policy, data and memory limit: what a worker keeps loaded. */
  key: string;
  module: WebAssembly.Module;
  /** What serves OPA's builtins, where the policy calls one. */
  reactor: WebAssembly.Module | null;
  data: unknown;
  memoryBytes: number;
  input: string;
  timeoutMs: number;
  /** Beside others it may take `sharedMs` at most: then it is evaluated anew, apart from them, with its whole time. */
  apart: boolean;
  /** How often a worker was lost under it without a culprit. */
  losses: number;
  settle(result: JobResult): void;
}

export type JobResult =
  | { kind: 'value'; text: string; microseconds: number; trace?: readonly TracePoint[] | undefined }
  | { kind: 'error'; code: EvaluationErrorCode; message: string; microseconds: number };

/** One worker thread of the pool. It runs one batch at a time. */
export interface EvaluationThread {
  run(jobs: readonly Job[]): void;
  /** Whether it holds the policy already. */
  holds(key: string): boolean;
  terminate(): Promise<unknown>;
}

export interface EvaluationThreadEvents {
  /** The thread can take a batch: after its start, and after each batch. */
  onIdle(thread: EvaluationThread): void;
  /** The thread is gone, by a deadline or a crash; `unfinished` are the jobs that were not to blame. */
  onLost(thread: EvaluationThread, unfinished: readonly Job[], startFailure: string | null): void;
}

interface Running {
  steps: readonly PlannedStep[];
  unsettled: Set<Job>;
  shortestMs: number;
  timer: NodeJS.Timeout | undefined;
}

interface PlannedStep {
  kind: Step['kind'];
  /** The job that needs it. */
  job: Job;
  limitMs: number;
}

/** What a worker holds; it only follows. */
interface Held {
  /** The keys of loaded policies, the least recently used first. */
  loaded: Set<string>;
  builtins: boolean;
}

/**
 * How long a thread that evaluates others too is left to one evaluation: as long as a policy may take that says nothing of
 * it. A policy that takes its 5 s time and again, and always ends just before them, must not hold up the others.
 */
export const sharedMs = 100;
/** How long loading a policy into a worker may take. It does not count against the policy's own deadline. */
const loadMs = 5_000;
const startMs = 60_000;
/** How many policies a worker keeps loaded. */
const keptPolicies = 128;
const workerHeapMib = 256;
/** What an evaluation leaves behind is little: without a limit every thread reserves tens of MiB for it. */
const workerYoungMib = 4;

export function startEvaluationThread(events: EvaluationThreadEvents): EvaluationThread {
  const shared = new SharedArrayBuffer(progressBytes);
  const progress = createProgress(shared);
  const worker = new Worker(workerUrl('evaluation-worker', import.meta.url), {
    workerData: { progress: shared } satisfies EvaluationWorkerData,
    name: 'rego-evaluation',
    resourceLimits: { maxOldGenerationSizeMb: workerHeapMib, maxYoungGenerationSizeMb: workerYoungMib },
    // node:wasi still announces itself as experimental on standard error, once a thread.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
  });
  worker.unref();
  const held: Held = { loaded: new Set(), builtins: false };
  let running: Running | null = null;
  let ready = false;
  let lost = false;

  const thread: EvaluationThread = {
    run(jobs) {
      const { batch, steps } = planBatch(jobs, held);
      const shortestMs = Math.min(loadMs, ...jobs.map(limitOf));
      running = {
        steps,
        unsettled: new Set(steps.map(({ job }) => job)),
        shortestMs,
        timer: setTimeout(watch, shortestMs),
      };
      worker.postMessage(batch);
    },
    holds: (key) => held.loaded.has(key),
    async terminate() {
      lost = true;
      clearTimeout(startTimer);
      clearTimeout(running?.timer);
      await worker.terminate();
    },
  };

  // Fires no later than any step of the batch can be due: a step that began after the last look cannot be due
  // before the shortest deadline has passed once more.
  const watch = () => {
    if (!running) return;
    const at = progress.read();
    const step = at && running.steps[at.step];
    const limitMs = step?.limitMs ?? Number.POSITIVE_INFINITY;
    const remainingMs = at ? at.startedMs + limitMs - progressNowMs() : Number.POSITIVE_INFINITY;
    if (step && remainingMs <= 0) {
      lose('timeout', `${doing[step.kind]} took longer than ${limitMs} ms and was stopped`);
    } else {
      running.timer = setTimeout(watch, Math.max(1, Math.min(remainingMs, running.shortestMs)));
    }
  };

  const lose = (code: EvaluationErrorCode, message: string) => {
    if (lost) return;
    const at = progress.read();
    const startFailure = ready ? null : message;
    void thread.terminate();
    const unfinished = running ? blame(running, at, code, message) : [];
    running = null;
    events.onLost(thread, unfinished, startFailure);
  };

  worker.on('message', ({ results, unloaded, done }: WorkerMessage) => {
    if (lost) return;
    clearTimeout(startTimer);
    ready = true;
    if (running) settle(running, results);
    for (const key of unloaded) held.loaded.delete(key);
    if (!done) return;
    clearTimeout(running?.timer);
    running = null;
    events.onIdle(thread);
  });
  worker.on('error', (error: unknown) => {
    const outOfMemory = error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
    if (outOfMemory) lose('memory', 'the policy needs more memory than its worker has');
    else lose('internal', `an evaluation worker failed: ${error instanceof Error ? error.message : String(error)}`);
  });
  worker.on('exit', (exitCode) => lose('internal', `an evaluation worker ended with exit code ${exitCode}`));
  const startTimer = setTimeout(() => {
    if (!ready) lose('internal', `an evaluation worker did not start within ${startMs} ms`);
  }, startMs).unref();
  return thread;
}

const doing: Readonly<Record<Step['kind'], string>> = {
  'start-builtins': "starting OPA's builtins",
  load: 'loading the policy',
  evaluate: 'the evaluation',
};

function planBatch(jobs: readonly Job[], held: Held): { batch: Batch; steps: readonly PlannedStep[] } {
  const { loaded } = held;
  const steps: PlannedStep[] = [];
  const posted: Step[] = [];
  const plan = (job: Job, limitMs: number, step: Step) => {
    steps.push({ kind: step.kind, job, limitMs });
    posted.push(step);
  };
  for (const job of jobs) {
    const { key, module, reactor, memoryBytes, input } = job;
    if (reactor && !held.builtins) {
      plan(job, startMs, { kind: 'start-builtins', reactor });
      held.builtins = true;
    }
    if (!loaded.delete(key)) {
      const data = renderData(job);
      if (data === null) continue;
      plan(job, loadMs, { kind: 'load', key, module, memoryBytes, data });
    }
    loaded.add(key);
    plan(job, limitOf(job), { kind: 'evaluate', key, input });
  }
  // The newest keys, at the end of the set, are this batch's own: a batch is shorter than the set may be.
  const forget = [...loaded].slice(0, Math.max(0, loaded.size - keptPolicies));
  for (const key of forget) loaded.delete(key);
  return { batch: { forget, steps: posted }, steps };
}

function limitOf({ timeoutMs, apart }: Job): number {
  return apart ? timeoutMs : Math.min(timeoutMs, sharedMs);
}

/** @returns null where it cannot be rendered: the job is settled, and nobody else's is held up. */
function renderData({ data, settle: end }: Job): string | null {
  try {
    return JSON.stringify(data ?? {});
  } catch (error) {
    const message = `the policy's data cannot be read: ${error instanceof Error ? error.message : String(error)}`;
    end({ kind: 'error', code: 'internal', message, microseconds: 0 });
    return null;
  }
}

function settle(running: Running, results: readonly StepResult[]): void {
  for (const result of results) {
    const step = running.steps[result.step];
    // What a load says, the evaluation that follows it says again.
    if (step?.kind !== 'evaluate') continue;
    running.unsettled.delete(step.job);
    const { timeoutMs } = step.job;
    const { microseconds } = result;
    // The watch may have come late; the deadline is the same.
    if (microseconds > timeoutMs * 1000)
      step.job.settle({
        kind: 'error',
        code: 'timeout',
        message: `the evaluation took longer than ${timeoutMs} ms`,
        microseconds,
      });
    else step.job.settle(result);
  }
}

/** Settles the jobs that a lost worker died of, and returns the others. */
function blame(
  { steps, unsettled }: Running,
  at: { step: number; startedMs: number } | null,
  code: EvaluationErrorCode,
  message: string,
): readonly Job[] {
  const culprit = at && steps[at.step];
  if (!at || !culprit) {
    for (const job of unsettled) job.losses++;
    return [...unsettled];
  }
  const microseconds = Math.round((progressNowMs() - at.startedMs) * 1000);
  const unfinished: Job[] = [];
  for (const job of unsettled) {
    const dies = culprit.kind === 'evaluate' ? job === culprit.job : job.key === culprit.job.key;
    if (dies) job.settle({ kind: 'error', code, message, microseconds });
    else unfinished.push(job);
  }
  return unfinished;
}
