import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { readLines } from '../../src/kube/watch-lines.ts';

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

const SYNCED = 'caches synced';

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
    /** Whether the records are kept in `log` too; many take much memory. */
    readonly keepRecords?: boolean;
    /** Where its log goes instead: nobody reads it once the caches have synced, which would take the time that is measured. */
    readonly logFile?: string;
    /** The program: from the sources where it is left out, or as it is built. */
    readonly main?: string;
  } = {},
): Promise<OperatorProcess> {
  const { args = [], cacheFolder, keepRecords = true, logFile, main = SOURCE } = options;
  const env = { ...process.env, ...(cacheFolder ? { ASSENT_CACHE: cacheFolder } : {}) };
  await using output = logFile === undefined ? undefined : await open(logFile, 'w');
  const child = spawn(process.execPath, [main, 'operator', '--kubeconfig', kubeconfig, ...args], {
    // The channel ends the operator when the test's process is gone.
    stdio: ['ignore', output?.fd ?? 'pipe', 'inherit', 'ipc'],
    env,
  });
  const log: Record<string, unknown>[] = [];
  const { promise: synced, resolve, reject } = Promise.withResolvers<void>();
  child.once('exit', () => reject(new Error(`the operator ended: ${JSON.stringify(log)}`)));
  const onLine = (text: string): void => {
    if (!keepRecords && text.includes('"msg":"record"')) return;
    const line: Record<string, unknown> = JSON.parse(text);
    log.push(line);
    if (line.msg === SYNCED) resolve();
  };
  const following =
    logFile === undefined
      ? follow(child, onLine)
      : readUntilSynced(logFile, child).then((lines) => lines.forEach(onLine));
  // Told to whoever ends the operator.
  following.catch(() => {});
  await synced;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill(signal);
    await once(child, 'exit');
    // Its last words may still be on their way. Of one that is killed they may be cut off.
    await (signal === 'SIGKILL' ? following.catch(() => {}) : following);
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

async function readUntilSynced(path: string, child: ChildProcess): Promise<readonly string[]> {
  for (;;) {
    const text = await readFile(path, 'utf8');
    const ended = child.exitCode !== null || child.signalCode !== null;
    // Only whole lines.
    if (ended || text.includes(`"${SYNCED}"}\n`)) return text.split('\n').slice(0, -1);
    await sleep(20);
  }
}
