import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OperatorEvents } from '../operator-events.ts';
import { createGroupCommit } from './group-commit.ts';
import type { RecordSink } from './record-sink.ts';

/** The record among the lines of the log: whoever collects logs collects it. */
export function createStdoutSink(events: Pick<OperatorEvents, 'recorded' | 'recordsKept'>): RecordSink {
  const group = createGroupCommit<string>(async (lines) => {
    events.recorded(lines);
    events.recordsKept('stdout', lines.length);
    // What comes in the same turn of the event loop is written at once: a write is dear, its length is not.
    await nextTurn();
  });
  return {
    write: ({ line }) => group.add(line),
    [Symbol.asyncDispose]: () => group.idle(),
  };
}
