import { constants } from 'node:os';

/**
 * Ends this process with the code by which a shell tells of the signal. The signal itself would not do: as the first
 * process of a container this one gets none that it does not listen to.
 */
export function exitBySignal(signal: NodeJS.Signals): never {
  process.exit(128 + constants.signals[signal]);
}
