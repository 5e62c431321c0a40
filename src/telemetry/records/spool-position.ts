import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './replace-file.ts';

const Position = z
  .strictObject({
    /** The segment that is sent. */
    segment: z.number().int().nonnegative(),
    /** How many of its bytes were delivered. */
    offset: z.number().int().nonnegative(),
    /** Where the batch ends that is being sent: after a crash the same is sent again, with the same key. */
    end: z.number().int().nonnegative().nullable(),
  })
  .readonly();

/** What of a spool was delivered. */
export type SpoolPosition = z.infer<typeof Position>;

/** @returns null where none was written yet, or it cannot be read: then all that is there is sent, rather once too often. */
export async function readPosition(folder: string): Promise<SpoolPosition | null> {
  try {
    return Position.parse(JSON.parse(await readFile(pathOf(folder), 'utf8')));
  } catch {
    return null;
  }
}

export async function writePosition(folder: string, position: SpoolPosition): Promise<void> {
  await replaceFile(pathOf(folder), JSON.stringify(position));
}

function pathOf(folder: string): string {
  return join(folder, 'position.json');
}
