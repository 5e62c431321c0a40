import { open } from 'node:fs/promises';

/** Brings to disk which files the folder has. */
export async function syncFolder(folder: string): Promise<void> {
  await using handle = await open(folder, 'r');
  await handle.sync();
}
