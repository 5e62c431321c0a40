import { API_VERSION } from '../api/index.ts';
import { type Cluster, createEventOnce } from '../kube/index.ts';
import type { OperatorEvents } from '../telemetry/index.ts';
import type { EventRecorder } from './ports.ts';

const CONTROLLER = 'assent.dev/operator';
const MAX_WAITING = 10_000;

interface EventRecorderOptions {
  readonly cluster: Cluster;
  readonly telemetry: Pick<OperatorEvents, 'eventDropped'>;
  /** While decisions are being made, Events wait: news of a decision must not hold up the next one. */
  readonly isBusy: () => boolean;
  readonly clock: () => string;
}

/** How long an Event may wait for the operator to have nothing else to do. */
const BUSY_WAIT_MS = 100;

/** Writes Events one after the other, in the order they came. Beyond ten thousand, and where one fails, it is dropped. */
export function createEventRecorder({
  cluster,
  telemetry,
  isBusy,
  clock,
}: EventRecorderOptions): EventRecorder & AsyncDisposable {
  const waiting: (() => Promise<void>)[] = [];
  let stopped = false;
  let running: Promise<void> | undefined;

  const drain = async (): Promise<void> => {
    for (let write = waiting.shift(); write && !stopped; write = waiting.shift()) {
      if (isBusy()) await new Promise((resolve) => setTimeout(resolve, BUSY_WAIT_MS));
      try {
        await write();
      } catch (error) {
        telemetry.eventDropped(error);
      }
    }
    running = undefined;
  };

  return {
    record(kind, ref, { type, reason, note }) {
      if (stopped) return;
      if (waiting.length >= MAX_WAITING) {
        telemetry.eventDropped(new Error(`${MAX_WAITING} Events wait already`));
        return;
      }
      const at = clock();
      const event = {
        type,
        action: 'Decide',
        reason,
        note,
        at,
        controller: CONTROLLER,
        regarding: { apiVersion: API_VERSION, kind, ...ref },
      };
      waiting.push(() => createEventOnce(cluster, [ref, reason, note], event));
      running ??= drain();
    },
    async [Symbol.asyncDispose]() {
      stopped = true;
      await running;
    },
  };
}
