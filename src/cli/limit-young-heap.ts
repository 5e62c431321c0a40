import { setFlagsFromString } from 'node:v8';

/**
 * Keeps the space for young objects small. The operator reads each object once and keeps little of it; where the space
 * grows with the load, half of the process's memory is what nobody uses any more (measured by test/bench/scale.ts). Must
 * be called before that load.
 */
export function limitYoungHeap(): void {
  setFlagsFromString('--semi-space-growth-factor=1');
}
