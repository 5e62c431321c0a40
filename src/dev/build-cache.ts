import { createHash, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, readdir, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { isAlive } from './process-identity.ts';

/**
 * A folder of built files that every checkout of this user shares, under `$XDG_CACHE_HOME/assent` or
 * `~/.cache/assent`. It appears whole or not at all: it is built in a folder beside it and renamed, so a killed build
 * leaves nothing half and two builds at once do no harm.
 *
 * @param kind what is built, the folder's name in the cache
 * @param digest of everything that the result depends on
 * @param build fills the empty folder that it is given
 * @returns the folder
 */
export async function cached(kind: string, digest: string, build: (folder: string) => Promise<void>): Promise<string> {
  const parent = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'assent', kind);
  const folder = join(parent, digest);
  if (existsSync(folder)) return folder;
  await mkdir(parent, { recursive: true });
  await removeAbandoned(parent);
  const building = join(parent, `${BUILDING}${process.pid}-${randomUUID()}`);
  await mkdir(building);
  try {
    await build(building);
    await rename(building, folder);
  } catch (error) {
    await rm(building, { recursive: true, force: true });
    // Another process was quicker: its folder holds the same.
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** @returns a digest of the parts in their order; a part's end counts. */
export function digestOf(parts: readonly (string | Uint8Array)[]): string {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(createHash('sha256').update(part).digest());
  return hash.digest('hex').slice(0, 32);
}

const BUILDING = '.building-';

async function removeAbandoned(parent: string): Promise<void> {
  for (const name of await readdir(parent)) {
    if (!name.startsWith(BUILDING)) continue;
    const pid = Number.parseInt(name.slice(BUILDING.length), 10);
    if (!isAlive(pid)) await rm(join(parent, name), { recursive: true, force: true });
  }
}
