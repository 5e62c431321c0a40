import { type FileHandle, open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readRange, repairLastLine } from './repair-last-line.ts';

/** A file of the spool: records as lines of JSON, as they are sent. */
export interface SpoolSegment {
  /** Segments are sent in the order of their numbers. */
  readonly number: number;
  /** How many bytes of whole records are on disk. */
  bytes: number;
}

const NAME = /^([0-9]{12})\.ndjson$/;

function segmentPath(folder: string, number: number): string {
  return join(folder, `${String(number).padStart(12, '0')}.ndjson`);
}

/** @returns the segments of the folder, in order, after their last lines were repaired. */
export async function findSegments(folder: string): Promise<SpoolSegment[]> {
  const numbers = (await readdir(folder)).flatMap((name) => NAME.exec(name)?.[1] ?? []).map(Number);
  const segments: SpoolSegment[] = [];
  for (const number of numbers.toSorted((a, b) => a - b)) {
    const path = segmentPath(folder, number);
    await using file = await open(path, 'a+');
    segments.push({ number, bytes: await repairLastLine(file, path) });
  }
  return segments;
}

/** Begins a segment that must not be there yet. */
export async function createSegment(folder: string, number: number): Promise<FileHandle> {
  return open(segmentPath(folder, number), 'ax', 0o600);
}

export async function removeSegment(folder: string, number: number): Promise<void> {
  await rm(segmentPath(folder, number), { force: true });
}

/** @returns some bytes of a segment, which has them. */
export async function readSegment(folder: string, number: number, start: number, end: number): Promise<Buffer> {
  await using file = await open(segmentPath(folder, number), 'r');
  return readRange(file, start, end);
}
