import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
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
  readonly stdin?: string;
  /** Added to the environment of this process; what is undefined is taken out of it. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  /** A link by which the program is started. */
  readonly link?: string;
}

/** Runs `assent` in a process of its own. */
export async function runCli(args: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const { cacheFolder, cwd = repositoryRoot, stdin = '', link = CLI } = options;
  const env = { ...process.env, ...(cacheFolder ? { ASSENT_CACHE: cacheFolder } : {}), ...options.env };
  const child = spawn(process.execPath, [link, ...args], { cwd, env });
  // A command that does not read its input may have ended before it is written.
  child.stdin.on('error', () => {}).end(stdin);
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}
