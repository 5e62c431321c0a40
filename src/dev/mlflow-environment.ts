import { spawn } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cached, digestOf } from './build-cache.ts';
import { DevError } from './dev-error.ts';
import { type Report, reportWhileWaiting } from './progress.ts';
import { repositoryRoot } from './repository.ts';

/** Python with MLflow, as `test/mlflow/requirements.txt` pins it. */
export interface MlflowEnvironment {
  /** `python -m mlflow …` runs there; scripts of the environment do not, for it was moved into place. */
  readonly python: string;
  /** A SQLite database of MLflow's, empty: migrating one anew takes each server four seconds. */
  readonly database: string;
}

/**
 * Installs MLflow into a virtual environment, once for all checkouts of this user with the same pins.
 *
 * @throws DevError that says what is missing or what pip said
 */
export async function ensureMlflow(report: Report = console.error): Promise<MlflowEnvironment> {
  const requirements = join(repositoryRoot, 'test', 'mlflow', 'requirements.txt');
  const version = await run('python3', ['--version']);
  const folder = await cached('mlflow', digestOf([await readFile(requirements), version]), async (output) => {
    using _progress = reportWhileWaiting(report, 'Installing MLflow with pip: about a minute the first time.');
    const python = pythonOf(output);
    await run('python3', ['-m', 'venv', output]);
    await run(python, ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements]);
    await run(python, ['-m', 'mlflow', 'db', 'upgrade', `sqlite:///${databaseOf(output)}`]);
  });
  return { python: pythonOf(folder), database: databaseOf(folder) };
}

function pythonOf(folder: string): string {
  return join(folder, 'bin', 'python');
}

function databaseOf(folder: string): string {
  return join(folder, 'empty.db');
}

function run(program: string, args: readonly string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  child.on('error', (cause: NodeJS.ErrnoException) => {
    const message =
      cause.code === 'ENOENT'
        ? `The tests with MLflow need ${program} 3.10 or newer with its module venv, and there is none on the PATH.`
        : `${program} could not be started: ${cause.message}`;
    reject(new DevError('PythonFailed', message, { cause }));
  });
  child.on('close', (code) => {
    if (code === 0) resolve(output);
    else reject(new DevError('PythonFailed', `${[program, ...args].join(' ')} failed:\n${output.trimEnd()}`));
  });
  return promise;
}
