import { availableParallelism } from 'node:os';
import { opaBuiltins } from './builtins/index.ts';
import type { CompiledPolicy } from './compile-result.ts';
import { EvaluationError, type EvaluationErrorCode } from './evaluation-error.ts';
import {
  type EvaluationThread,
  type Job,
  type JobResult,
  sharedMs,
  startEvaluationThread,
} from './evaluation-thread.ts';
import { createJobQueue } from './job-queue.ts';
import { createModuleCache } from './module-cache.ts';
import { builtinMemoryBytes, compileReactor } from './reactor.ts';
import type { TracePoint } from './trace.ts';

/** What one evaluation may take. */
export interface EvaluationLimits {
  /** Counts from when the evaluation starts in its worker; loading the policy there has a limit of its own. */
  timeoutMs: number;
  /** The policy's whole memory, with its data and the input. */
  memoryBytes: number;
  /** The input in UTF-8. */
  inputBytes: number;
}

export interface EvaluationRequest {
  policy: CompiledPolicy;
  /** The document `data`; a value that JSON can hold. */
  data: unknown;
  /** Equal exactly where `data` is equal: workers keep a policy loaded with its data. */
  dataDigest: string;
  /** The document `input`, as JSON. */
  input: string;
  limits: EvaluationLimits;
}

/** A policy's result, or why there is none. A failure never reads as a value. */
export type EvaluationResult =
  | {
      kind: 'value';
      /**
       * The document `approval`, empty where no rule is defined. A set is an array, its order always the same for
       * the same input but not sorted.
       */
      value: unknown;
      evaluationMicroseconds: number;
      /** Of an instrumented policy: what the evaluation passed. */
      trace?: readonly TracePoint[];
    }
  | { kind: 'error'; code: EvaluationErrorCode; message: string; evaluationMicroseconds: number };

/** Evaluates policies in worker threads, each evaluation under its limits. */
export interface Evaluator extends AsyncDisposable {
  /** Never rejects. */
  evaluate(request: EvaluationRequest): Promise<EvaluationResult>;
}

export interface EvaluatorOptions {
  /** How many evaluations run at once; 1 on up to two processors, else 2, unless given. One more thread waits, warm. */
  threads?: number;
  /**
   * Path of the reactor that `compiler/` builds, which has OPA's own builtins. It is read when the first policy that
   * calls one is evaluated; without it such a policy has no value.
   */
  reactor?: string;
}

const maximumBatch = 64;
/** A batch should take about this long: jobs behind a slow policy shall not wait for its whole batch. */
const batchMicroseconds = 5_000;
/** A policy that takes longer is evaluated apart from the others: they would wait for each of its evaluations. */
const slowMicroseconds = 25_000;
const maximumLosses = 2;
const maximumResultCharacters = 1024 * 1024;

export function createEvaluator(options: EvaluatorOptions = {}): Evaluator {
  const { threads = availableParallelism() > 2 ? 2 : 1, reactor: reactorPath } = options;
  const modules = createModuleCache();
  let reactor: Promise<WebAssembly.Module> | undefined;
  const queue = createJobQueue();
  const alive = new Set<EvaluationThread>();
  // A stack: the thread that worked last has its policies loaded.
  const idle: EvaluationThread[] = [];
  const busy = new Set<EvaluationThread>();
  let suspectThread: EvaluationThread | null = null;
  const pending = new Set<Job>();
  let meanMicroseconds = 0;
  let dispatching = false;
  let closed = false;
  let keepAlive: NodeJS.Timeout | undefined;

  /** Once for all threads; null where the policy calls none of OPA's builtins. */
  const reactorFor = ({ builtins }: CompiledPolicy): Promise<WebAssembly.Module> | null => {
    const name = builtins.find((builtin) => opaBuiltins.has(builtin));
    if (name === undefined) return null;
    if (reactorPath === undefined)
      throw new EvaluationError('builtin', `the policy calls ${name}, and the evaluator was given no reactor for it`);
    reactor ??= compileReactor(reactorPath, builtinMemoryBytes).catch((cause) => {
      reactor = undefined;
      throw new EvaluationError('internal', `the builtins of OPA cannot be had: ${describe(cause)}`, { cause });
    });
    return reactor;
  };

  const evaluateModule = (
    request: EvaluationRequest,
    module: WebAssembly.Module,
    reactor: WebAssembly.Module | null,
  ): Promise<EvaluationResult> => {
    const { policy, data, dataDigest, input, limits } = request;
    const { memoryBytes, timeoutMs } = limits;
    const { promise, resolve } = Promise.withResolvers<EvaluationResult>();
    const key = `${policy.digest} ${dataDigest} ${memoryBytes}`;
    const settle = (result: JobResult) => {
      if (isTimeout(result) && !job.apart && timeoutMs > sharedMs) {
        job.apart = true;
        queue.setSuspect(key, true);
        queue.add(job);
        dispatchSoon();
        return;
      }
      pending.delete(job);
      if (pending.size === 0) clearInterval(keepAlive);
      learn(key, result);
      resolve(toEvaluationResult(result));
    };
    const job: Job = { key, module, reactor, data, memoryBytes, input, timeoutMs, apart: false, losses: 0, settle };
    // The worker threads do not keep the process alive; somebody who waits for a result does.
    if (pending.size === 0) keepAlive = setInterval(() => undefined, longMs);
    pending.add(job);
    queue.add(job);
    startThreads();
    dispatchSoon();
    return promise;
  };

  const learn = (key: string, result: JobResult) => {
    const slow = isTimeout(result) || result.microseconds > slowMicroseconds;
    if (result.kind === 'value' && !slow) meanMicroseconds = 0.9 * meanMicroseconds + 0.1 * result.microseconds;
    if (slow || queue.isSuspect(key)) queue.setSuspect(key, slow);
  };

  const startThreads = () => {
    // One more than may work: whoever loses its worker goes on in this one at once, and suspects run there.
    while (alive.size < threads + 1) alive.add(startEvaluationThread({ onIdle, onLost }));
  };

  // Calls of one turn of the event loop share a batch: waking a thread costs as much as ten evaluations.
  const dispatchSoon = () => {
    if (dispatching) return;
    dispatching = true;
    setImmediate(() => {
      dispatching = false;
      dispatch();
    });
  };

  const dispatch = () => {
    runSuspect();
    while (idle.length > 0 && queue.size > 0 && busy.size < threads) {
      const share = Math.ceil(queue.size / (threads - busy.size));
      const affordable = Math.ceil(batchMicroseconds / Math.max(1, meanMicroseconds));
      const jobs = queue.take(Math.min(maximumBatch, share, affordable));
      const thread = jobs.length > 0 && idle.pop();
      if (!thread) return;
      busy.add(thread);
      thread.run(jobs);
    }
  };

  // A suspect runs beside the others, in the thread that is one more: nobody waits for its deadline.
  const runSuspect = () => {
    if (idle.length === 0 || suspectThread) return;
    const job = queue.takeSuspect();
    if (!job) return;
    job.apart = true;
    suspectThread = idle.pop() ?? null;
    suspectThread?.run([job]);
  };

  const release = (thread: EvaluationThread) => {
    busy.delete(thread);
    if (suspectThread === thread) suspectThread = null;
  };
  const onIdle = (thread: EvaluationThread) => {
    release(thread);
    idle.push(thread);
    dispatchSoon();
  };
  const onLost = (thread: EvaluationThread, unfinished: readonly Job[], startFailure: string | null) => {
    release(thread);
    alive.delete(thread);
    if (idle.includes(thread)) idle.splice(idle.indexOf(thread), 1);
    for (const job of unfinished)
      if (job.losses > maximumLosses) job.settle(failure('internal', 'evaluation workers kept failing'));
    queue.putBack(unfinished.filter(({ losses }) => losses <= maximumLosses));
    if (startFailure === null) startThreads();
    else if (alive.size === 0) failAll(startFailure);
    dispatchSoon();
  };

  const failAll = (message: string) => {
    queue.clear();
    for (const job of [...pending]) job.settle(failure('internal', message));
  };

  return {
    async evaluate(request) {
      const { policy, input, limits } = request;
      if (closed) return toEvaluationResult(failure('internal', closedMessage));
      const inputBytes = Buffer.byteLength(input);
      if (inputBytes > limits.inputBytes) {
        const message = `the input has ${inputBytes} bytes, the policy's limit is ${limits.inputBytes}`;
        return toEvaluationResult(failure('input-too-large', message));
      }
      try {
        const module = modules.get(policy.digest) ?? (await modules.compile(policy));
        const starting = reactorFor(policy);
        // Without await where there is nothing to wait for: it is what nearly every policy asks for.
        const reactor = starting && (await starting);
        if (closed) return toEvaluationResult(failure('internal', closedMessage));
        return await evaluateModule(request, module, reactor);
      } catch (error) {
        if (error instanceof EvaluationError) return toEvaluationResult(failure(error.code, error.message));
        return toEvaluationResult(failure('internal', `the policy's module is unusable: ${describe(error)}`));
      }
    },
    async [Symbol.asyncDispose]() {
      closed = true;
      failAll(closedMessage);
      await Promise.all([...alive].map((thread) => thread.terminate()));
    },
  };
}

const longMs = 2 ** 30;
const closedMessage = 'the evaluator is closed';

function isTimeout(result: JobResult): boolean {
  return result.kind === 'error' && result.code === 'timeout';
}

function failure(code: EvaluationErrorCode, message: string): JobResult {
  return { kind: 'error', code, message, microseconds: 0 };
}

function toEvaluationResult(result: JobResult): EvaluationResult {
  const evaluationMicroseconds = result.microseconds;
  if (result.kind === 'error') {
    const { code, message } = result;
    return { kind: 'error', code, message, evaluationMicroseconds };
  }
  if (result.text.length > maximumResultCharacters) {
    const message = `the policy's result is longer than ${maximumResultCharacters} characters`;
    return { kind: 'error', code: 'result-too-large', message, evaluationMicroseconds };
  }
  try {
    // OPA's result set: one result, or none where the document is undefined.
    const [first]: { result: unknown }[] = JSON.parse(result.text);
    const value = { kind: 'value', value: first?.result ?? {}, evaluationMicroseconds } as const;
    return result.trace ? { ...value, trace: result.trace } : value;
  } catch (error) {
    return { kind: 'error', code: 'internal', message: describe(error), evaluationMicroseconds };
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
