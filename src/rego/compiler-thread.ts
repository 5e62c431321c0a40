import { Worker } from 'node:worker_threads';
import type {
  CompilerWorkerData,
  CompilerWorkerMessage,
  ReactorRequest,
  ReactorResponse,
} from './compiler-protocol.ts';
import { createFairTurns } from './fair-turns.ts';
import { workerUrl } from './worker-url.ts';

/** Why the compiler gave no answer. */
export class CompilerFailure extends Error {
  readonly code: 'compile_timeout' | 'compiler_crashed';
  constructor(code: CompilerFailure['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }
}

/** One worker thread that runs the reactor: one request at a time, a fresh thread after a crash or a deadline. */
export interface CompilerThread extends AsyncDisposable {
  /**
   * Rejects with a `CompilerFailure`.
   *
   * @param owner whose request it is: who has many slow ones holds up nobody else
   */
  ask(request: ReactorRequest, owner: string): Promise<ReactorResponse>;
  /** Whether a thread is there at this moment. */
  readonly running: boolean;
}

export interface CompilerThreadOptions extends CompilerWorkerData {
  /** How long the thread outlives its last request. */
  idleMs: number;
  /** How long one request may take. */
  deadlineMs: number;
  /** How long reading and instantiating the reactor may take. */
  startMs: number;
  /** Throws where the reactor is not the one that this code was written for. */
  checkReactor(versionResponse: string): void;
}

export function createCompilerThread(options: CompilerThreadOptions): CompilerThread {
  let current: Started | null = null;
  const turns = createFairTurns();
  let idle: NodeJS.Timeout | undefined;

  const stop = async () => {
    clearTimeout(idle);
    const stopped = current;
    current = null;
    await stopped?.worker.terminate();
  };

  const answer = async (request: ReactorRequest): Promise<ReactorResponse> => {
    clearTimeout(idle);
    try {
      current ??= await start(options);
      return await current.ask(request, options.deadlineMs);
    } catch (error) {
      await stop();
      throw error;
    } finally {
      if (current) idle = setTimeout(stop, options.idleMs).unref();
    }
  };

  return {
    ask: (request, owner) => turns.take(owner, () => answer(request)),
    get running() {
      return current !== null;
    },
    async [Symbol.asyncDispose]() {
      await stop();
    },
  };
}

interface Started {
  worker: Worker;
  ask(request: ReactorRequest, deadlineMs: number): Promise<ReactorResponse>;
}

async function start(options: CompilerThreadOptions): Promise<Started> {
  const { reactor, memoryBytes, startMs, checkReactor } = options;
  const worker = new Worker(workerUrl('compiler-worker', import.meta.url), {
    workerData: { reactor, memoryBytes } satisfies CompilerWorkerData,
    name: 'rego-compiler',
    // node:wasi still announces itself as experimental on standard error, once a thread.
    execArgv: ['--disable-warning=ExperimentalWarning'],
    env: {},
  });
  // An error without a listener ends the process; between requests a crash is found by the next request.
  worker.on('error', () => undefined);
  try {
    const message = await nextMessage(worker, startMs, 'starting the Rego compiler');
    if (message.kind !== 'ready')
      throw new CompilerFailure('compiler_crashed', 'the compiler answered before a request');
    checkReactor(message.response);
  } catch (error) {
    await worker.terminate();
    throw error;
  }
  worker.unref();
  let exited = false;
  worker.once('exit', () => {
    exited = true;
  });
  return {
    worker,
    async ask(request, deadlineMs) {
      if (exited) throw new CompilerFailure('compiler_crashed', 'the compiler had ended unasked');
      // A thread that is being waited for keeps the process alive, an idle one does not.
      worker.ref();
      try {
        worker.postMessage(request);
        const message = await nextMessage(worker, deadlineMs, 'compiling');
        if (message.kind !== 'answer') throw new CompilerFailure('compiler_crashed', 'the compiler gave no answer');
        return message;
      } finally {
        worker.unref();
      }
    },
  };
}

function nextMessage(worker: Worker, deadlineMs: number, doing: string): Promise<CompilerWorkerMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<CompilerWorkerMessage>();
  const onError = (cause: unknown) => {
    const reason = cause instanceof Error ? cause.message : String(cause);
    reject(new CompilerFailure('compiler_crashed', `${doing} failed: ${reason}`, { cause }));
  };
  const onExit = (exitCode: number) => onError(new Error(`its thread ended with exit code ${exitCode}`));
  const timer = setTimeout(
    () => reject(new CompilerFailure('compile_timeout', `${doing} took longer than ${deadlineMs} ms and was stopped`)),
    deadlineMs,
  );
  worker.once('message', resolve);
  worker.once('error', onError);
  worker.once('exit', onExit);
  return promise.finally(() => {
    clearTimeout(timer);
    worker.off('message', resolve);
    worker.off('error', onError);
    worker.off('exit', onExit);
  });
}
