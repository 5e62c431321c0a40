import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLines } from '../../src/kube/watch-lines.ts';

const main = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** `assent operator` in a process of its own. */
export interface OperatorProcess extends AsyncDisposable {
  /** Its log, one parsed line each. */
  readonly log: readonly Record<string, unknown>[];
  readonly pid: number;
  /** Ends it as a crash would. */
  kill(): Promise<void>;
}

/** Starts the operator and waits until it says that its caches have synced. */
export async function startOperatorProcess(
  kubeconfig: string,
  options: {
    readonly args?: readonly string[];
    readonly cacheFolder?: string;
    /** Reading every record takes the time of whoever measures. */
    readonly keepRecords?: boolean;
  } = {},
): Promise<OperatorProcess> {
  const { args = [], cacheFolder, keepRecords = true } = options;
  const env = { ...process.env, ...(cacheFolder ? { ASSENT_CACHE: cacheFolder } : {}) };
  const child = spawn(process.execPath, [main, 'operator', '--kubeconfig', kubeconfig, ...args], {
    // The channel ends the operator when the test's process is gone.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
    env,
  });
  const log: Record<string, unknown>[] = [];
  const { promise: synced, resolve, reject } = Promise.withResolvers<void>();
  child.once('exit', () => reject(new Error(`the operator ended: ${JSON.stringify(log)}`)));
  void follow(child, (text) => {
    if (!keepRecords && text.includes('"msg":"record"')) return;
    const line: Record<string, unknown> = JSON.parse(text);
    log.push(line);
    if (line.msg === 'caches synced') resolve();
  });
  await synced;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
  };
  return {
    log,
    pid: child.pid ?? 0,
    kill: () => end('SIGKILL'),
    [Symbol.asyncDispose]: () => end('SIGTERM'),
  };
}

async function follow({ stdout }: ChildProcess, onLine: (line: string) => void): Promise<void> {
  if (!stdout) return;
  for await (const line of readLines(stdout)) onLine(line);
}
