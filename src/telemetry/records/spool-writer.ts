import type { FileHandle } from 'node:fs/promises';
import type { SpoolOwner } from './spool-owner.ts';
import { createSegment, type SpoolSegment } from './spool-segment.ts';
import { syncFolder } from './sync-folder.ts';

/** Writes records to segments of its own: what an earlier process has written stays as it is. */
export interface SpoolWriter {
  /** Resolves when the lines are on disk. On a failure none of them counts. */
  write(lines: readonly Buffer[]): Promise<void>;
  /** The segment that may still grow. */
  current(): SpoolSegment | undefined;
  close(): Promise<void>;
}

interface SpoolWriterOptions {
  readonly folder: string;
  /** New segments are added to it. */
  readonly segments: SpoolSegment[];
  /** A segment of this size is followed by another. */
  readonly segmentBytes: number;
  readonly firstNumber: number;
  readonly owner: SpoolOwner;
}

export function createSpoolWriter(options: SpoolWriterOptions): SpoolWriter {
  const { folder, segments, segmentBytes, owner } = options;
  let nextNumber = options.firstNumber;
  let current: { readonly file: FileHandle; readonly segment: SpoolSegment } | undefined;

  const close = async (): Promise<void> => {
    const closing = current;
    current = undefined;
    await closing?.file.close();
  };

  const begin = async () => {
    await close();
    const segment = { number: nextNumber++, bytes: 0 };
    const begun = { file: await createSegment(folder, segment.number), segment };
    segments.push(segment);
    current = begun;
    return begun;
  };

  return {
    async write(lines) {
      const { file, segment } = current && current.segment.bytes < segmentBytes ? current : await begin();
      const bytes = Buffer.concat(lines);
      try {
        await file.appendFile(bytes);
        await file.datasync();
        // A file whose name is lost with the power is lost too.
        if (segment.bytes === 0) await syncFolder(folder);
      } catch (error) {
        // A second sync would prove nothing: the kernel forgets what it could not write. What cannot be taken back is
        // left behind, and at the next start it is either whole or cut.
        await file.truncate(segment.bytes).catch(close);
        throw error;
      }
      await owner.confirm();
      segment.bytes += bytes.length;
    },
    current: () => current?.segment,
    close,
  };
}
