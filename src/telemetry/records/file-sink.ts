import { type FileHandle, open, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { OperatorEvents } from '../operator-events.ts';
import { createGroupCommit } from './group-commit.ts';
import type { RecordSink } from './record-sink.ts';
import { RecordSinkError, reasonOf } from './record-sink-error.ts';
import { repairLastLine } from './repair-last-line.ts';
import { syncFolder } from './sync-folder.ts';

interface FileSinkOptions {
  readonly path: string;
  readonly events: Pick<OperatorEvents, 'recordsKept' | 'recordSinkFailed'>;
}

/** Group and others read nothing unless the owner lets them: a record tells who decided what, and why. */
const MODE = 0o640;

/**
 * Appends each record as one line to a file, and has it on disk before it resolves. A file that was renamed, removed or
 * truncated, as log rotation does, is begun anew.
 *
 * @throws RecordSinkError where the file cannot be used
 */
export async function createFileSink({ path, events }: FileSinkOptions): Promise<RecordSink> {
  let file: FileHandle | undefined = await openFile(path);

  /** Rotated: the path leads to another file by now, or to none. */
  const followRotation = async (): Promise<FileHandle> => {
    if (file && (await leadsTo(path, file))) return file;
    await file?.close();
    file = undefined;
    file = await openFile(path);
    return file;
  };

  const append = async (lines: readonly string[]): Promise<void> => {
    const current = await followRotation();
    const { size } = await current.stat();
    try {
      await current.appendFile(lines.map((line) => `${line}\n`).join(''));
      await current.datasync();
    } catch (error) {
      // What is not known to be on disk must not stand in the middle of the file; a second sync would prove nothing,
      // the kernel forgets what it could not write.
      await current.truncate(size).catch(() => {});
      throw error;
    }
  };

  const group = createGroupCommit<string>(async (lines) => {
    try {
      await append(lines);
    } catch (cause) {
      const message = `The record file ${path} cannot be written: ${reasonOf(cause)}`;
      const error = new RecordSinkError('not-written', message, { cause });
      events.recordSinkFailed('file', error);
      throw error;
    }
    events.recordsKept('file', lines.length);
  });

  return {
    write: ({ line }) => group.add(line),
    async [Symbol.asyncDispose]() {
      await group.idle();
      await file?.close();
    },
  };
}

async function leadsTo(path: string, file: FileHandle): Promise<boolean> {
  const [open, found] = await Promise.all([file.stat(), stat(path).catch(() => null)]);
  return found?.ino === open.ino && found.dev === open.dev;
}

async function openFile(path: string): Promise<FileHandle> {
  let file: FileHandle | undefined;
  try {
    file = await open(path, 'a+', MODE);
    if (!(await file.stat()).isFile()) throw new Error('it is no ordinary file');
    await repairLastLine(file, path);
    // A file whose name is lost with the power is lost too.
    await syncFolder(dirname(path));
    return file;
  } catch (cause) {
    await file?.close();
    if (cause instanceof RecordSinkError) throw cause;
    throw new RecordSinkError('unusable', `The record file ${path} cannot be used: ${reasonOf(cause)}`, { cause });
  }
}
