import type { OperatorEvents } from '../operator-events.ts';
import { type DeliveryDelays, deliverRecords } from './deliver-records.ts';
import { createRecordPoster, type RecordReceiver } from './post-records.ts';
import type { RecordSink } from './record-sink.ts';
import { openSpool } from './spool.ts';

interface HttpSinkOptions {
  readonly receiver: RecordReceiver;
  /** Where records wait on disk until the receiver has them. */
  readonly spoolFolder: string;
  readonly spoolLimitBytes: number;
  readonly events: Pick<
    OperatorEvents,
    'recordsKept' | 'recordsSpooled' | 'recordSpoolFull' | 'recordSinkFailed' | 'recordSinkRecovered'
  >;
  /** Whoever waits for room in the spool when it aborts waits no longer. */
  readonly signal: AbortSignal;
  readonly delays?: DeliveryDelays;
  readonly random?: () => number;
}

const DELAYS: DeliveryDelays = {
  passing: { baseMs: 500, maxMs: 60_000 },
  refused: { baseMs: 10_000, maxMs: 300_000 },
};
/** How long the last try may take when the process ends: what does not arrive by then is sent by the next one. */
const ENDING_MS = 5_000;

/**
 * Posts records to a server: in order, each at least once, however long the server is away. A record is kept when it is
 * in the spool, on disk.
 *
 * @throws RecordSinkError where the spool cannot be used
 */
export async function createHttpSink(options: HttpSinkOptions): Promise<RecordSink> {
  const { receiver, events, signal, delays = DELAYS, random = Math.random } = options;
  const spool = await openSpool({
    folder: options.spoolFolder,
    limitBytes: options.spoolLimitBytes,
    events,
    signal,
  });
  const poster = createRecordPoster(receiver);
  const ending = new AbortController();
  const ended = new AbortController();
  const delivery = deliverRecords({
    spool,
    poster,
    events,
    delays,
    random,
    ending: ending.signal,
    ended: ended.signal,
  });
  return {
    write: ({ line }) => spool.append(line),
    async [Symbol.asyncDispose]() {
      ending.abort();
      const late = setTimeout(() => ended.abort(), ENDING_MS);
      await delivery;
      clearTimeout(late);
      await spool[Symbol.asyncDispose]();
      poster.close();
    },
  };
}
