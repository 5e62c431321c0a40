import { open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/records/temporary-folder.ts';
import { createLogger } from '../logger.ts';
import { createOperatorEvents } from '../operator-events.ts';
import { createOperatorMetrics } from '../operator-metrics.ts';
import { parseMaskPointer } from './mask-pointer.ts';
import { createRecordLog } from './record-log.ts';
import type { RecordSink } from './record-sink.ts';
import { createStdoutSink } from './stdout-sink.ts';

/** A sink that keeps lines in memory, as fast as it is told. */
function memorySink(keep: (line: string) => Promise<void> = async () => {}) {
  const lines: string[] = [];
  const sink: RecordSink = {
    async write({ line }) {
      lines.push(line);
      await keep(line);
    },
    async [Symbol.asyncDispose]() {},
  };
  return { lines, sink };
}

const aRecord = (id: string) => ({ kind: 'Decision', id, secret: 'hush' });

it('every sink gets the same masked line, in the order of the calls', async () => {
  const [one, other] = [memorySink(), memorySink(() => new Promise((resolve) => setImmediate(resolve)))];
  await using log = createRecordLog({ sinks: [one.sink, other.sink], mask: [parseMaskPointer('/secret')] });
  await Promise.all(['1', '2', '3'].map((id) => log.record(aRecord(id))));
  expect(one.lines).toEqual(other.lines);
  expect(one.lines.map((line) => JSON.parse(line))).toEqual(
    ['1', '2', '3'].map((id) => ({ kind: 'Decision', id, secret: '[masked]', masked: ['/secret'] })),
  );
});

it('a record is kept when the slowest sink has it, and not kept where one has not, even if the others have', async () => {
  const slow = Promise.withResolvers<void>();
  const sinks = [memorySink(() => slow.promise).sink, memorySink(() => Promise.reject(new Error('disk full'))).sink];
  await using log = createRecordLog({ sinks, mask: [] });
  let ended = false;
  const recorded = log.record(aRecord('1')).finally(() => {
    ended = true;
  });
  await Promise.race([recorded.catch(() => {}), new Promise((resolve) => setImmediate(resolve))]);
  expect(ended).toBe(false);
  slow.resolve();
  await expect(recorded).rejects.toThrow('disk full');
});

describe('on standard output records are among the lines of the log', () => {
  it.each(['info', 'error', 'silent'] as const)('at level %s', async (level) => {
    const path = join(await temporaryFolder(), 'log');
    await using file = await open(path, 'a');
    const events = createOperatorEvents(createLogger({ level, fd: file.fd }), createOperatorMetrics());
    await using log = createRecordLog({ sinks: [createStdoutSink(events)], mask: [] });
    await log.record(aRecord('1'));
    const lines = (await readFile(path, 'utf8')).split('\n').filter(Boolean);
    const written = lines.map((line) => JSON.parse(line));
    const line = { level: 30, time: expect.any(String), msg: 'record', record: aRecord('1') };
    expect(written).toEqual(level === 'silent' ? [] : [line]);
  });
});

it('a record that standard output does not take is not kept', async () => {
  const path = join(await temporaryFolder(), 'log');
  await writeFile(path, '');
  await using readOnly = await open(path, 'r');
  const metrics = createOperatorMetrics();
  const events = createOperatorEvents(createLogger({ level: 'info', fd: readOnly.fd }), metrics);
  await using log = createRecordLog({ sinks: [createStdoutSink(events)], mask: [] });
  await expect(log.record(aRecord('1'))).rejects.toMatchObject({ name: 'RecordSinkError', code: 'not-written' });
  expect((await metrics.render()).text).toContain('assent_record_sink_failures_total{sink="stdout"} 1');
});
