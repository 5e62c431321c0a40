import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { readLines } from '../../src/kube/watch-lines.ts';

const SOURCE = join(import.meta.dirname, '..', '..', 'src', 'cli', 'main.ts');

/** `assent gateway` in a process of its own. */
export interface GatewayProcess extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  readonly pid: number;
  /** Its log, one parsed line each. */
  readonly log: readonly Record<string, unknown>[];
}

/**
 * Starts the gateway and waits until it listens.
 *
 * @param main the program: from the sources, or as it is built
 */
export async function startGatewayProcess(
  kubeconfig: string,
  registry: string,
  args: readonly string[] = [],
  main = SOURCE,
): Promise<GatewayProcess> {
  const command = [main, 'gateway', '--kubeconfig', kubeconfig, '--registry', registry, '--listen', '127.0.0.1:0'];
  // The channel ends the gateway when the test's process is gone.
  const child = spawn(process.execPath, [...command, ...args], { stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  const log: Record<string, unknown>[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  child.once('exit', () => reject(new Error(`the gateway ended: ${JSON.stringify(log)}`)));
  void follow(child, (text) => {
    const line: Record<string, unknown> = JSON.parse(text);
    log.push(line);
    if (line.msg === 'gateway listening') resolve(Number(line.port));
  });
  const port = await promise;
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    pid: child.pid ?? 0,
    log,
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

async function follow({ stdout }: ChildProcess, onLine: (line: string) => void): Promise<void> {
  if (!stdout) return;
  for await (const line of readLines(stdout)) onLine(line);
}
