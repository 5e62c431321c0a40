import type { MaskPointer } from './mask-pointer.ts';
import { maskRecord } from './mask-record.ts';
import type { AnyRecord, RecordSink } from './record-sink.ts';

interface RecordLogOptions {
  readonly sinks: readonly RecordSink[];
  /** What no sink may see. */
  readonly mask: readonly MaskPointer[];
}

export interface RecordLog extends AsyncDisposable {
  /**
   * Resolves when no sink can lose the record any more; waits where one cannot keep up.
   *
   * @throws RecordSinkError where one does not keep it: the caller records it again, and the others have it twice
   */
  record(record: AnyRecord): Promise<void>;
}

/** Masks and renders a record once, and hands it to all sinks, to each in the order of the calls. */
export function createRecordLog({ sinks, mask }: RecordLogOptions): RecordLog {
  return {
    async record(unmasked) {
      const record = maskRecord(unmasked, mask);
      const entry = { record, line: JSON.stringify(record) };
      const written = await Promise.allSettled(sinks.map((sink) => sink.write(entry)));
      // Only when all have ended: a record that is written again must not overtake itself.
      for (const result of written) if (result.status === 'rejected') throw result.reason;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sinks.map((sink) => sink[Symbol.asyncDispose]()));
    },
  };
}
