import { Writable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { createGateProgress } from './gate-progress.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A stream that keeps what is written, as a terminal of 40 columns or as a file. */
function aStream(isTTY: boolean) {
  const written: string[] = [];
  const stream = new Writable({
    decodeStrings: false,
    write(text, _, done) {
      written.push(text);
      done();
    },
  });
  return { written, stream: Object.assign(stream, isTTY ? { isTTY, columns: 40 } : {}) };
}

test('in a log there is a line when what is missing changes, and one a minute', () => {
  const { written, stream } = aStream(false);
  {
    using progress = createGateProgress(stream);
    progress.update('nobody has looked', { atOnce: false });
    progress.update('waits for alice', { atOnce: true });
    progress.update('waits for alice', { atOnce: true });
    vi.advanceTimersByTime(150_000);
    progress.print('the cluster answers again');
    progress.update('waits for bob', { atOnce: true });
  }
  vi.advanceTimersByTime(600_000);
  expect(written).toEqual([
    'waits for alice (waiting for 0s)\n',
    'waits for alice (waiting for 60s)\n',
    'waits for alice (waiting for 2m)\n',
    'the cluster answers again\n',
    'waits for bob (waiting for 2m30s)\n',
  ]);
});

test('on a terminal a spinner turns on one line that never wraps, and is gone at the end', () => {
  const { written, stream } = aStream(true);
  {
    using progress = createGateProgress(stream);
    progress.update(`waits for ${'x'.repeat(100)}\u001b[2J`, { atOnce: true });
    vi.advanceTimersByTime(300);
  }
  const frames = written.slice(0, -1).map((frame) => frame.replace('\r\x1b[2K', ''));
  expect(frames.map(([turning]) => turning)).toEqual(['⠋', '⠙', '⠹']);
  expect(frames.every((frame) => frame.length < 40 && !frame.includes('\x1b'))).toBe(true);
  expect(written.at(-1)).toBe('\r\x1b[2K');
});
