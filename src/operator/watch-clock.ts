import type { Clock } from './ports.ts';

interface ClockWatchOptions {
  readonly clock: Clock;
  /** The time of day went forward or back by itself. */
  readonly onStep: () => void;
  readonly intervalMs?: number;
}

const INTERVAL_MS = 1_000;
/** Less is a clock that is being adjusted little by little. */
const STEP_MS = 1_500;

/**
 * Timers count on a clock that nobody sets. Where the time of day is set, or the machine slept, what was to happen at a
 * time of day is due earlier or later than its timer: tells when.
 */
export function watchClock({ clock, onStep, intervalMs = INTERVAL_MS }: ClockWatchOptions): Disposable {
  const difference = () => Date.parse(clock()) - performance.now();
  let known = difference();
  const timer = setInterval(() => {
    const now = difference();
    if (Math.abs(now - known) > STEP_MS) onStep();
    known = now;
  }, intervalMs);
  timer.unref();
  return { [Symbol.dispose]: () => clearInterval(timer) };
}
