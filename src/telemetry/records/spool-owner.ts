import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { RecordSinkError } from './record-sink-error.ts';
import { replaceFile } from './replace-file.ts';

/**
 * Who writes to a spool: the process that took it last. A lock would not do: the process that holds one may have ended
 * on another machine, or be the process of the same number in another container.
 */
export interface SpoolOwner {
  /**
   * Asked after each write and before each removal. Where it holds, the write came before any later owner began to read.
   *
   * @throws RecordSinkError `taken-over`
   */
  confirm(): Promise<void>;
}

/** Takes the spool; the process that had it finds out before it tells anybody that a record is kept. */
export async function takeSpool(folder: string): Promise<SpoolOwner> {
  const file = join(folder, 'owner');
  const id = randomUUID();
  await replaceFile(file, id);
  return {
    async confirm() {
      if ((await readFile(file, 'utf8')) === id) return;
      throw new RecordSinkError('taken-over', `Another operator writes to the spool ${folder}; give each its own.`);
    },
  };
}
