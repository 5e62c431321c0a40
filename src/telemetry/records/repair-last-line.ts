import type { FileHandle } from 'node:fs/promises';
import { RecordSinkError } from './record-sink-error.ts';

const NEWLINE = 0x0a;
const OPENING_BRACE = 0x7b;
const CHUNK_BYTES = 64 * 1024;
/** Longer than any record: ten ModelVersions of the size that etcd takes. */
const MAX_LINE_BYTES = 16 * 2 ** 20;

/**
 * Repairs the end of a file of records that a crash has torn: a last line that is a whole record gets its end, any other
 * is cut away. Nobody was told that it is kept.
 *
 * @param file opened to be read and appended to
 * @returns the file's size
 * @throws RecordSinkError `not-records` where the first or the last line is no part of a record: the file holds something else
 */
export async function repairLastLine(file: FileHandle, path: string): Promise<number> {
  const { size } = await file.stat();
  if (size > 0) refuseOther(await readRange(file, 0, 1), path);
  const start = await findLastLine(file, path, size);
  if (start === size) return size;
  const tail = await readRange(file, start, size);
  refuseOther(tail, path);
  if (!isJson(tail)) {
    await file.truncate(start);
    return start;
  }
  await file.appendFile('\n');
  return size + 1;
}

/** @returns the bytes from `start` to `end`, which the file has. */
export async function readRange(file: FileHandle, start: number, end: number): Promise<Buffer> {
  const bytes = Buffer.alloc(end - start);
  for (let read = 0; read < bytes.length; ) {
    const { bytesRead } = await file.read(bytes, read, bytes.length - read, start + read);
    if (bytesRead === 0) throw new RangeError(`the file ends at byte ${start + read}, before ${end}`);
    read += bytesRead;
  }
  return bytes;
}

/** @returns where what follows the last line's end begins: the size, where nothing does. */
async function findLastLine(file: FileHandle, path: string, size: number): Promise<number> {
  for (let end = size; end > 0; ) {
    if (size - end > MAX_LINE_BYTES) throw toOtherError(path);
    const start = Math.max(0, end - CHUNK_BYTES);
    const found = (await readRange(file, start, end)).lastIndexOf(NEWLINE);
    if (found >= 0) return start + found + 1;
    end = start;
  }
  return 0;
}

function refuseOther(line: Buffer, path: string): void {
  // A file system that lost what was written, and kept the size, gives zeros.
  if (line[0] !== OPENING_BRACE && line[0] !== 0) throw toOtherError(path);
}

function toOtherError(path: string): RecordSinkError {
  return new RecordSinkError('not-records', `${path} holds something else than records; give a file of their own.`);
}

function isJson(bytes: Buffer): boolean {
  try {
    JSON.parse(bytes.toString('utf8'));
    return true;
  } catch {
    return false;
  }
}
