import { mkdir } from 'node:fs/promises';
import type { OperatorEvents } from '../operator-events.ts';
import { createBell } from './bell.ts';
import { createGroupCommit } from './group-commit.ts';
import { RecordSinkError, reasonOf } from './record-sink-error.ts';
import { takeSpool } from './spool-owner.ts';
import { readPosition, type SpoolPosition, writePosition } from './spool-position.ts';
import { findSegments, readSegment, removeSegment, type SpoolSegment } from './spool-segment.ts';
import { createSpoolWriter } from './spool-writer.ts';

const NEWLINE = 0x0a;
/** A segment is removed as a whole: so much more than the limit the folder may hold. */
const SEGMENT_BYTES = 8 * 2 ** 20;

export interface SpoolBatch {
  /** Whole records, as lines of JSON. */
  readonly bytes: Buffer;
  readonly records: number;
}

/** Records that wait on disk until they were delivered, in order. */
export interface Spool extends AsyncDisposable {
  /**
   * Resolves when the record is on disk; waits while the spool is full.
   *
   * @throws RecordSinkError where it is not kept
   */
  append(line: string): Promise<void>;
  /**
   * The records that are to be delivered next, as many as fit into `maxBytes`, and at least one. Until `delivered` is
   * called it is the same batch, after a crash too, unless it is asked for a smaller one.
   *
   * @returns null where nothing is left to deliver when the signal aborts
   */
  next(maxBytes: number, signal: AbortSignal): Promise<SpoolBatch | null>;
  /** The batch that `next` gave has arrived. */
  delivered(): Promise<void>;
}

interface SpoolOptions {
  readonly folder: string;
  /** How many bytes may wait; a single record may be longer. */
  readonly limitBytes: number;
  readonly segmentBytes?: number;
  readonly events: Pick<OperatorEvents, 'recordsSpooled' | 'recordSpoolFull' | 'recordSinkFailed'>;
  /** Who waits for room when it aborts waits no longer: the record is not kept. */
  readonly signal: AbortSignal;
}

/**
 * Opens a spool, where a process before may have been killed at any moment. Whoever opens it takes it from the one that
 * had it.
 *
 * @throws RecordSinkError where the folder cannot be used
 */
export async function openSpool(options: SpoolOptions): Promise<Spool> {
  try {
    return await recoverSpool(options);
  } catch (cause) {
    if (cause instanceof RecordSinkError) throw cause;
    const message = `The spool ${options.folder} cannot be used: ${reasonOf(cause)}`;
    throw new RecordSinkError('unusable', message, { cause });
  }
}

async function recoverSpool(options: SpoolOptions): Promise<Spool> {
  const { folder, limitBytes, segmentBytes = SEGMENT_BYTES, events, signal } = options;
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const owner = await takeSpool(folder);
  const stored = await readPosition(folder);
  const segments = await findSegments(folder);
  while (segments[0] && segments[0].number < (stored?.segment ?? 0)) {
    await removeSegment(folder, segments[0].number);
    segments.shift();
  }
  let { offset, end } = placeIn(segments[0], stored);
  const lastNumber = Math.max(stored?.segment ?? 0, segments.at(-1)?.number ?? 0);
  const writer = createSpoolWriter({ folder, segments, segmentBytes, firstNumber: lastNumber + 1, owner });
  const appended = createBell();
  const shrunk = createBell();
  let full = false;

  const countBytes = (): number => segments.reduce((sum, { bytes }) => sum + bytes, -offset);

  const tellFull = (now: boolean): void => {
    if (full === now) return;
    full = now;
    events.recordSpoolFull(full, { bytes: countBytes(), limitBytes });
  };

  /** @returns how many of the lines have room, at least one. */
  const untilRoom = async (lines: readonly Buffer[]): Promise<number> => {
    for (;;) {
      const fitting = countFitting(lines, limitBytes - countBytes());
      if (fitting > 0) return fitting;
      if (countBytes() === 0) return 1;
      tellFull(true);
      if (signal.aborted)
        throw new RecordSinkError('ending', `The spool ${folder} had no room for the record until the operator ended.`);
      await shrunk.next(signal);
    }
  };

  const group = createGroupCommit<Buffer>(async (lines) => {
    for (let rest = lines; rest.length > 0; ) {
      const fitting = await untilRoom(rest);
      await writer.write(rest.slice(0, fitting)).catch((cause: unknown) => {
        const error = toSinkError(folder, cause);
        events.recordSinkFailed('http', error);
        throw error;
      });
      rest = rest.slice(fitting);
      events.recordsSpooled(countBytes());
      appended.ring();
    }
  });

  const untilRecords = async (until: AbortSignal): Promise<SpoolSegment | null> => {
    for (;;) {
      const [segment] = segments;
      if (segment && offset < segment.bytes) return segment;
      if (segment && segment !== writer.current()) {
        await owner.confirm();
        await removeSegment(folder, segment.number);
        segments.shift();
        offset = 0;
      } else if (until.aborted) return null;
      else await appended.next(until);
    }
  };

  events.recordsSpooled(countBytes());
  return {
    append: (line) => group.add(Buffer.from(`${line}\n`)),
    async next(maxBytes, until) {
      const segment = await untilRecords(until);
      if (!segment) return null;
      if (end === null || end - offset > maxBytes) {
        end = await findEnd(folder, segment, offset, maxBytes);
        await writePosition(folder, { segment: segment.number, offset, end });
      }
      const bytes = await readSegment(folder, segment.number, offset, end);
      return { bytes, records: bytes.reduce((count, byte) => (byte === NEWLINE ? count + 1 : count), 0) };
    },
    async delivered() {
      const [segment] = segments;
      if (!segment || end === null) throw new RangeError('no batch is being delivered');
      offset = end;
      end = null;
      events.recordsSpooled(countBytes());
      // Told again at every batch it would tell nothing.
      if (countBytes() <= limitBytes / 2) tellFull(false);
      shrunk.ring();
      await owner.confirm();
      await writePosition(folder, { segment: segment.number, offset, end });
    },
    async [Symbol.asyncDispose]() {
      await group.idle();
      await writer.close();
    },
  };
}

/** A position that does not fit what is there counts for nothing: rather once too often than never. */
function placeIn(
  segment: SpoolSegment | undefined,
  stored: SpoolPosition | null,
): { offset: number; end: number | null } {
  if (!segment || stored?.segment !== segment.number || stored.offset > segment.bytes) return { offset: 0, end: null };
  const { offset, end } = stored;
  return { offset, end: end !== null && end > offset && end <= segment.bytes ? end : null };
}

function countFitting(lines: readonly Buffer[], bytes: number): number {
  let left = bytes;
  const first = lines.findIndex((line) => {
    left -= line.length;
    return left < 0;
  });
  return first < 0 ? lines.length : first;
}

async function findEnd(folder: string, segment: SpoolSegment, offset: number, maxBytes: number): Promise<number> {
  const { number, bytes } = segment;
  const fitting = await readSegment(folder, number, offset, Math.min(bytes, offset + maxBytes));
  const last = fitting.lastIndexOf(NEWLINE);
  if (last >= 0) return offset + last + 1;
  const first = (await readSegment(folder, number, offset, bytes)).indexOf(NEWLINE);
  return first < 0 ? bytes : offset + first + 1;
}

function toSinkError(folder: string, cause: unknown): RecordSinkError {
  if (cause instanceof RecordSinkError) return cause;
  return new RecordSinkError('not-written', `The spool ${folder} cannot be written: ${reasonOf(cause)}`, { cause });
}
