// Records per second that the sinks keep, against the same lines appended to a file that nobody brings to disk, and against
// a file that is brought to disk after each line:
//
//   node src/dev/bootstrap.mjs test/bench/records.ts [--records 5000] [--bytes 4096]
//
// As many are recorded at once as the operator has workers.
import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  createFileSink,
  createHttpSink,
  createLogger,
  createOperatorEvents,
  createOperatorMetrics,
  createRecordLog,
  type RecordSink,
} from '../../src/telemetry/index.ts';
import { startReceiver } from '../records/receiver.ts';
import { runAll } from './bench-cluster.ts';

const AT_ONCE = 32;

const { values: options } = parseArgs({
  options: { records: { type: 'string', default: '5000' }, bytes: { type: 'string', default: '4096' } },
});
const count = Number(options.records);
const record = { kind: 'Decision', id: 'sha256:0', text: 'x'.repeat(Number(options.bytes)) };
const events = createOperatorEvents(createLogger({ level: 'silent' }), createOperatorMetrics());

const folder = await mkdtemp(join(tmpdir(), 'assent-bench-records-'));
try {
  const plain = await measurePlain(AT_ONCE, async () => {});
  const eachSynced = await measurePlain(1, (file) => file.datasync());
  await using file = await createFileSink({ path: join(folder, 'records.ndjson'), events });
  const fileSink = await measureSink(file);
  await using receiver = await startReceiver();
  await using http = await createHttpSink({
    receiver: { url: receiver.url },
    spoolFolder: join(folder, 'spool'),
    spoolLimitBytes: 2 ** 30,
    events,
    signal: new AbortController().signal,
  });
  const started = performance.now();
  const spooled = await measureSink(http);
  await http[Symbol.asyncDispose]();
  const delivered = count / ((performance.now() - started) / 1_000);
  console.log(
    `${count} records of ${options.bytes} bytes: file sink ${fileSink.toFixed(0)}/s; appended without a sync ${plain.toFixed(0)}/s ` +
      `(ratio ${(fileSink / plain).toFixed(2)}), with a sync each ${eachSynced.toFixed(0)}/s (ratio ${(fileSink / eachSynced).toFixed(1)}); ` +
      `spooled ${spooled.toFixed(0)}/s, delivered ${delivered.toFixed(0)}/s`,
  );
} finally {
  await rm(folder, { recursive: true, force: true });
}

async function measureSink(sink: RecordSink): Promise<number> {
  const log = createRecordLog({ sinks: [sink], mask: [] });
  return perSecond(AT_ONCE, () => log.record(record));
}

async function measurePlain(atOnce: number, sync: (file: FileHandle) => Promise<void>): Promise<number> {
  await using file = await open(join(folder, `plain-${atOnce}`), 'a');
  return await perSecond(atOnce, async () => {
    await file.appendFile(`${JSON.stringify(record)}\n`);
    await sync(file);
  });
}

async function perSecond(atOnce: number, write: () => Promise<void>): Promise<number> {
  return count / ((await runAll(count, atOnce, write)) / 1_000);
}
