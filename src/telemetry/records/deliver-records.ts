import { setTimeout as sleep } from 'node:timers/promises';
import type { OperatorEvents } from '../operator-events.ts';
import type { PostResult, RecordPoster } from './post-records.ts';
import { RecordSinkError, reasonOf } from './record-sink-error.ts';
import { type RetryDelays, retryDelayMs } from './retry-delay.ts';
import type { Spool } from './spool.ts';

/** How long to wait after which kind of failure. */
export interface DeliveryDelays {
  /** It may pass by itself. */
  readonly passing: RetryDelays;
  /** Somebody must mend something; each try tells them so. */
  readonly refused: RetryDelays;
}

interface DeliveryOptions {
  readonly spool: Spool;
  readonly poster: RecordPoster;
  readonly events: Pick<OperatorEvents, 'recordsKept' | 'recordSinkFailed' | 'recordSinkRecovered'>;
  readonly delays: DeliveryDelays;
  readonly random: () => number;
  /** Once it aborts, what is left gets one try more, and nothing is waited for. */
  readonly ending: AbortSignal;
  /** Ends what is under way too. */
  readonly ended: AbortSignal;
}

/** Below the megabyte that many servers and proxies take. */
const BATCH_BYTES = 512 * 2 ** 10;
/** Of what a server asks for: one that says a year is not believed. */
const MAX_RETRY_AFTER_MS = 600_000;

/** Delivers what is in the spool, in order, each batch until it has arrived. No answer makes it go on without. */
export async function deliverRecords(options: DeliveryOptions): Promise<void> {
  const { spool, poster, events, delays, random, ending, ended } = options;
  let maxBytes = BATCH_BYTES;
  let failures = 0;

  /** @returns null where nothing is left when the end has come. */
  const deliverOne = async (): Promise<PostResult | null> => {
    try {
      const batch = await spool.next(maxBytes, ending);
      if (!batch) return null;
      const result = await poster.post(batch.bytes, ended);
      if (result.kind === 'accepted') {
        events.recordsKept('http', batch.records);
        await spool.delivered();
      } else if (result.error.code === 'too-large' && batch.records > 1) {
        maxBytes = Math.ceil(batch.bytes.length / 2);
        return await deliverOne();
      }
      return result;
    } catch (cause) {
      // The spool's disk. What it holds is not given up for that.
      const error =
        cause instanceof RecordSinkError
          ? cause
          : new RecordSinkError('unusable', `The spool cannot be read: ${reasonOf(cause)}`, { cause });
      return { kind: 'failed', error, retryAfterMs: undefined };
    }
  };

  for (;;) {
    const result = await deliverOne();
    if (!result) return;
    if (result.kind === 'accepted') {
      if (failures > 0) events.recordSinkRecovered('http');
      failures = 0;
      continue;
    }
    failures += 1;
    const { error, retryAfterMs = 0 } = result;
    const kind = error.code === 'refused' || error.code === 'too-large' ? delays.refused : delays.passing;
    const retryInMs = Math.max(retryDelayMs(failures, kind, random()), Math.min(retryAfterMs, MAX_RETRY_AFTER_MS));
    events.recordSinkFailed('http', error, retryInMs);
    if (ending.aborted) return;
    await sleep(retryInMs, undefined, { signal: ending }).catch(() => {});
  }
}
