import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
// What the user's own settings say about signing, hooks or names is none of the test's.
const ENV = { ...process.env, GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' };
const AUTHOR = ['-c', 'user.name=sam', '-c', 'user.email=sam@example.com'];

export interface Commit {
  /** As Flux writes it. */
  readonly revision: string;
  /** The tree, as a tar.gz. */
  readonly archive: Buffer;
}

/** A Git repository in a folder of its own. */
export interface GitRepository extends AsyncDisposable {
  /** Writes the files, by path, and commits them. */
  commit(message: string, files: Readonly<Record<string, string>>): Promise<Commit>;
}

export async function createGitRepository(): Promise<GitRepository> {
  const folder = await mkdtemp(join(tmpdir(), 'assent-git-'));
  const git = (...args: readonly string[]) =>
    run('git', [...AUTHOR, ...args], { cwd: folder, env: ENV, encoding: 'buffer', maxBuffer: 2 ** 26 });
  await git('init', '--quiet', '--initial-branch', 'main');
  return {
    async commit(message, files) {
      for (const [path, content] of Object.entries(files)) {
        await mkdir(dirname(join(folder, path)), { recursive: true });
        await writeFile(join(folder, path), content);
      }
      await git('add', '--all');
      await git('commit', '--quiet', '--message', message);
      const { stdout: head } = await git('rev-parse', 'HEAD');
      const { stdout: archive } = await git('archive', '--format', 'tar.gz', 'HEAD');
      return { revision: `main@sha1:${head.toString().trim()}`, archive };
    },
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
