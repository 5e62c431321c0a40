import { writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { createGroupCommit } from './records/group-commit.ts';

/**
 * A file descriptor that takes lines in the order they come. Where whoever reads a pipe is slow, nothing else waits: Node
 * opens its standard output so that a full pipe says so at once.
 */
export interface LineOutput {
  /** Lines that may be lost where nobody takes them. */
  write(lines: string): void;
  /**
   * Resolves when the lines have left this process.
   *
   * @throws what the system says where they cannot, such as EPIPE where nobody reads any more
   */
  deliver(lines: string): Promise<void>;
  /** Resolves when no line waits. */
  idle(): Promise<void>;
}

/** A pipe that is full is empty again soon; it tells nobody when. */
const FULL_RETRY_MS = 5;

export function createLineOutput(fd: number): LineOutput {
  let broken = false;
  const group = createGroupCommit<string>(async (lines) => {
    // What was cut off in the middle of a line must not spoil the next one.
    const bytes = Buffer.from(`${broken ? '\n' : ''}${lines.join('')}`);
    broken = true;
    for (let written = 0; written < bytes.length; ) written += await writeOrWait(fd, bytes.subarray(written));
    broken = false;
  });
  return {
    write: (lines) => void group.add(lines).catch(() => {}),
    deliver: (lines) => group.add(lines),
    idle: () => group.idle(),
  };
}

/** @returns how many bytes the file descriptor took: none where it is full, after a wait. */
async function writeOrWait(fd: number, bytes: Uint8Array): Promise<number> {
  try {
    // In a thread of its own the write of a few records would take three times as long.
    return writeSync(fd, bytes);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EAGAIN')) throw error;
    await sleep(FULL_RETRY_MS);
    return 0;
  }
}
