import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { setTimeout as sleep } from 'node:timers/promises';
import { repositoryRoot } from '../../src/dev/index.ts';

export const CLI = join(repositoryRoot, 'src', 'cli', 'main.ts');

/** What a shell sees of a command that has ended. */
export interface CliRun {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

interface CliOptions {
  /** Keeps compiled policies. */
  readonly cacheFolder?: string;
  /** The root of the repository unless given. */
  readonly cwd?: string;
  /** A list is written piece by piece, each a while after the one before. */
  readonly stdin?: string | readonly string[];
  /** Added to the environment of this process; what is undefined is taken out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A link by which the program is started. */
  readonly link?: string;
}

/** Longer than the program takes to start. */
const LATE_MS = 2_000;

/** Runs `assent` in a process of its own. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { cacheFolder, cwd = repositoryRoot, stdin = '', link = CLI } = options;
  const env = { ...process.env, ...(cacheFolder ? { ASSENT_CACHE: cacheFolder } : {}), ...options.env };
  const child = spawn(process.execPath, [link, ...args], { cwd, env });
  // A command that does not read its input may have ended before it is written.
  Readable.from(pieceByPiece(stdin)).pipe(child.stdin.on('error', () => {}));
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}

async function* pieceByPiece(stdin: string | readonly string[]): AsyncGenerator<string> {
  if (typeof stdin === 'string') return yield stdin;
  for (const piece of stdin) {
    await sleep(LATE_MS);
    yield piece;
  }
}
