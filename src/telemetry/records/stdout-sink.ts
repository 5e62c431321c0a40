import { setImmediate as nextTurn } from 'node:timers/promises';
import type { OperatorEvents } from '../operator-events.ts';
import { createGroupCommit } from './group-commit.ts';
import type { RecordSink } from './record-sink.ts';
import { RecordSinkError, reasonOf } from './record-sink-error.ts';

type Events = Pick<OperatorEvents, 'recorded' | 'recordsKept' | 'recordSinkFailed'>;

/** The record among the lines of the log: whoever collects logs collects it. */
export function createStdoutSink(events: Events): RecordSink {
  const group = createGroupCommit<string>(async (lines) => {
    try {
      await events.recorded(lines);
    } catch (cause) {
      const error = new RecordSinkError('not-written', `Standard output cannot be written: ${reasonOf(cause)}`, {
        cause,
      });
      events.recordSinkFailed('stdout', error);
      throw error;
    }
    events.recordsKept('stdout', lines.length);
    // What comes in the same turn of the event loop is written at once: a write is dear, its length is not.
    await nextTurn();
  });
  return {
    write: ({ line }) => group.add(line),
    [Symbol.asyncDispose]: () => group.idle(),
  };
}
