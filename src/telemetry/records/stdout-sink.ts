import type { OperatorEvents } from '../operator-events.ts';
import type { RecordSink } from './record-sink.ts';

/** The record among the lines of the log: whoever collects logs collects it. */
export function createStdoutSink(events: Pick<OperatorEvents, 'recorded' | 'recordsKept'>): RecordSink {
  return {
    async write({ record }) {
      events.recorded(record);
      events.recordsKept('stdout', 1);
    },
    async [Symbol.asyncDispose]() {},
  };
}
