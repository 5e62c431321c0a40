import { link, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { DevError } from './dev-error.ts';
import { identify, stillRuns } from './process-identity.ts';

const Lock = z.object({
  owner: z.object({ pid: z.number(), startedAt: z.string() }),
  kubeconfig: z.string(),
});
type Lock = z.infer<typeof Lock>;

/**
 * Takes a control plane's folder for this process. The lock of a process that has ended is taken over; etcd's own lock
 * on its data stands behind this one.
 *
 * @returns what gives the folder back
 * @throws DevError `AlreadyRunning`, with the running one's kubeconfig, where a live process has it
 */
export async function lockFolder(folder: string, kubeconfig: string): Promise<() => Promise<void>> {
  const file = join(folder, 'lock');
  const owner = identify(process.pid);
  if (owner === undefined) throw new DevError('StartFailed', 'This process cannot find itself among the processes.');
  const lock: Lock = { owner, kubeconfig };
  while (!(await createFile(file, JSON.stringify(lock)))) {
    const content = await readOrEmpty(file);
    const found = parseLock(content);
    if (found !== undefined && stillRuns(found.owner)) throw alreadyRunning(folder, found);
    await removeAbandoned(file, content);
  }
  return () => rm(file, { force: true });
}

function alreadyRunning(folder: string, { owner, kubeconfig }: Lock): DevError {
  return new DevError(
    'AlreadyRunning',
    `A control plane already runs in ${folder} (process ${owner.pid}). Use it:\n` +
      `  export KUBECONFIG=${kubeconfig}\n` +
      `or end it first with Ctrl-C where it runs, or with: kill ${owner.pid}`,
  );
}

// Linked into place, so that nobody ever sees a lock without its owner.
async function createFile(file: string, content: string): Promise<boolean> {
  const writing = `${file}.${process.pid}`;
  await writeFile(writing, content, { mode: 0o600 });
  try {
    await link(writing, file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(writing, { force: true });
  }
}

// Of two processes that find it abandoned, the slower one may have moved the quicker one's new lock: it goes back.
async function removeAbandoned(file: string, content: string): Promise<void> {
  const moved = `${file}.${process.pid}`;
  try {
    await rename(file, moved);
  } catch {
    return;
  }
  if ((await readOrEmpty(moved)) !== content) await link(moved, file).catch(() => {});
  await rm(moved, { force: true });
}

async function readOrEmpty(file: string): Promise<string> {
  return readFile(file, 'utf8').catch(() => '');
}

function parseLock(content: string): Lock | undefined {
  try {
    return Lock.parse(JSON.parse(content));
  } catch {
    return undefined;
  }
}
