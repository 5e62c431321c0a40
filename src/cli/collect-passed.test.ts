import { expect, test } from 'vitest';
import { collectPassed } from './collect-passed.ts';

const READ_BYTES = 64 * 1024;
const MIB = 2 ** 20;

test('of what has passed, a few MiB are held at most', () => {
  expect(mostHeld(collectPassed(), 256 * MIB)).toBeLessThan(8 * MIB);
});

/** @returns bytes outside the heap, while reads come and are dropped */
function mostHeld(onPassed: (bytes: number) => void, bytes: number): number {
  const before = process.memoryUsage().arrayBuffers;
  let most = 0;
  for (let left = bytes; left > 0; left -= READ_BYTES) {
    onPassed(new ArrayBuffer(READ_BYTES).byteLength);
    most = Math.max(most, process.memoryUsage().arrayBuffers - before);
  }
  return most;
}
