import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { expect } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { CLI, type CliRun } from '../cli/run-cli.ts';
import { until } from './until.ts';

/** A command that waits, in a process of its own. */
export interface WaitingProcess extends AsyncDisposable {
  /** Resolves when it has ended. */
  readonly ended: Promise<CliRun>;
  readonly pid: number;
  /** What it has said so far on standard error. */
  said(): string;
  /** Waits until it has said something, and answers with all that it said. */
  untilSaid(what: RegExp, limitMs?: number): Promise<string>;
  isRunning(): boolean;
}

/** Starts `assent …` and leaves it running; one that still runs at the end of its scope is killed. */
export function startCli(
  args: readonly string[],
  { cwd = repositoryRoot, env = {} }: { readonly cwd?: string; readonly env?: Readonly<Record<string, string>> } = {},
): WaitingProcess {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    env: { ...process.env, GITHUB_OUTPUT: '', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const ended = Promise.all([text(child.stdout), once(child, 'close')]).then(([stdout, [status]]) => ({
    status,
    stdout,
    stderr,
  }));
  const isRunning = () => child.exitCode === null && child.signalCode === null;
  return {
    ended,
    pid: child.pid ?? 0,
    said: () => stderr,
    isRunning,
    untilSaid: (what, limitMs) => until(async () => stderr, expect.stringMatching(what), limitMs),
    async [Symbol.asyncDispose]() {
      if (isRunning()) child.kill('SIGKILL');
      await ended;
    },
  };
}
