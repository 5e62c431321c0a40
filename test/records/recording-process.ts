// Records numbers, many at once, as the operator records decisions: one that is not kept is recorded again. Prints the
// number of each that is kept, and `not` before the number of each that is not.
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import {
  createFileSink,
  createHttpSink,
  createLogger,
  createOperatorEvents,
  createOperatorMetrics,
  createRecordLog,
} from '../../src/telemetry/index.ts';

const AT_ONCE = 16;

const { url, spoolFolder, file, from, to } = z
  .strictObject({
    url: z.string(),
    spoolFolder: z.string(),
    file: z.string(),
    from: z.number(),
    to: z.number(),
  })
  .parse(JSON.parse(process.argv[2] ?? ''));

const events = createOperatorEvents(createLogger({ level: 'silent' }), createOperatorMetrics());
const sinks = [
  await createFileSink({ path: file, events }),
  await createHttpSink({
    receiver: { url: new URL(url) },
    spoolFolder,
    spoolLimitBytes: 2 ** 30,
    events,
    signal: new AbortController().signal,
    delays: { passing: { baseMs: 5, maxMs: 50 }, refused: { baseMs: 5, maxMs: 50 } },
  }),
];
await using log = createRecordLog({ sinks, mask: [] });

let next = from;
const work = async (): Promise<void> => {
  while (next < to) {
    const id = next++;
    const record = { kind: 'Decision', id: String(id), text: 'x'.repeat((id * 37) % 500) };
    while (!(await isKept(record))) {
      process.stdout.write(`not ${id}\n`);
      await sleep(20);
    }
    process.stdout.write(`${id}\n`);
  }
};
await Promise.all(Array.from({ length: AT_ONCE }, work));

async function isKept(record: { readonly kind: string; readonly id: string }): Promise<boolean> {
  try {
    await log.record(record);
    return true;
  } catch {
    return false;
  }
}
