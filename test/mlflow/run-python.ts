import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { repositoryRoot } from '../../src/dev/index.ts';

export interface PythonRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program of this folder with the real MLflow client. */
export async function runPython(
  python: string,
  program: string,
  {
    url,
    args = [],
    env = {},
  }: { readonly url: string; readonly args?: readonly string[]; readonly env?: NodeJS.ProcessEnv },
): Promise<PythonRun> {
  const child = spawn(python, [join(repositoryRoot, 'test', 'mlflow', program), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, MLFLOW_TRACKING_URI: url, MLFLOW_DISABLE_TELEMETRY: 'true', ...env },
  });
  const { promise, resolve, reject } = Promise.withResolvers<number | null>();
  child.once('error', reject);
  child.once('close', resolve);
  const [status, stdout, stderr] = await Promise.all([promise, read(child.stdout), read(child.stderr)]);
  return { status, stdout, stderr };
}

async function read(stream: NodeJS.ReadableStream): Promise<string> {
  let text = '';
  for await (const chunk of stream) text += chunk;
  return text;
}
