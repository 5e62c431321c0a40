import { setFlagsFromString } from 'node:v8';
import { exposeCollector } from './expose-collector.ts';

interface HeapOptions {
  /** Resolves when the first large load is over. */
  readonly loaded: Promise<void>;
  /** A compaction stops everything for some tenths of a second: it waits for a quiet moment. */
  readonly isBusy: () => boolean;
  /** Less is not worth a pause. */
  readonly slackBytes?: number;
}

const INTERVAL_MS = 60_000;
const SLACK_BYTES = 48 * 2 ** 20;

/**
 * Keeps the operator's memory near what it needs. It reads every object once and keeps little of each: left alone, V8
 * lets the space for young objects grow with the load, and never gives back the holes that the load leaves in the old
 * one. At 100,000 versions that is half of the process (test/bench/scale.ts). Must be called before the load.
 */
export function keepHeapSmall({ loaded, isBusy, slackBytes = SLACK_BYTES }: HeapOptions): void {
  setFlagsFromString('--semi-space-growth-factor=1');
  const collect = exposeCollector();
  const compact = (): void => {
    const { heapTotal, heapUsed } = process.memoryUsage();
    if (isBusy() || heapTotal - heapUsed < slackBytes) return;
    // Only the last resort moves what lives together, and frees the memory outside the heap that garbage holds.
    collect({ type: 'major', execution: 'sync', flavor: 'last-resort' });
  };
  void loaded.then(compact);
  setInterval(compact, INTERVAL_MS).unref();
}
