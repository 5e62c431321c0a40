import { exposeCollector } from './expose-collector.ts';

/** 16 reads of a socket: what is freed so soon is taken again while the processor still has it at hand. */
const PASSED_BYTES = 2 ** 20;

/**
 * Keeps the memory flat while gigabytes pass. Each read of a socket takes 64 KiB outside V8's heap, which V8 leaves to
 * pile up to some 100 MiB before it looks: of that, nothing lives (test/bench/gateway.ts).
 *
 * @returns what is to be told of all bytes that pass
 */
export function collectPassed(): (bytes: number) => void {
  const collect = exposeCollector();
  let passed = 0;
  return (bytes) => {
    passed += bytes;
    if (passed < PASSED_BYTES) return;
    passed = 0;
    collect({ type: 'minor' });
  };
}
