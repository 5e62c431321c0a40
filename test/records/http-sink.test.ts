import 'reflect-metadata';
import { createHash, createPrivateKey } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { issueCertificate } from '../../src/dev/certificate.ts';
import { createHttpSink, type RecordSink } from '../../src/telemetry/index.ts';
import { until } from '../e2e/until.ts';
import { type Behaviour, type Receiver, startReceiver } from './receiver.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { watchEvents } from './watched-events.ts';

// A bound for a machine that does much else; nothing waits for it to pass.
vi.setConfig({ testTimeout: 60_000 });

type HttpSinkOptions = Parameters<typeof createHttpSink>[0];
const QUICK = { baseMs: 1, maxMs: 20 };

async function prepare(receiver: Receiver, options: Partial<HttpSinkOptions> = {}) {
  const spoolFolder = await temporaryFolder();
  const watched = await watchEvents();
  const open = (more: Partial<HttpSinkOptions> = {}) =>
    createHttpSink({
      receiver: { url: receiver.url },
      spoolFolder,
      spoolLimitBytes: 2 ** 30,
      events: watched.events,
      signal: new AbortController().signal,
      delays: { passing: QUICK, refused: QUICK },
      ...options,
      ...more,
    });
  return { ...watched, spoolFolder, open };
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => String(from + index));
const entryOf = (id: string, bytes = 0) => {
  const record = { kind: 'Decision', id, text: 'x'.repeat(bytes) };
  return { record, line: JSON.stringify(record) };
};
const writeAll = (sink: RecordSink, ids: readonly string[], bytes = 0) =>
  Promise.all(ids.map((id) => sink.write(entryOf(id, bytes))));
const arrived = (receiver: Receiver) => async () => receiver.ids();
const keysOf = ({ requests }: Receiver) => requests.map(({ headers }) => headers['idempotency-key']);

it('records are posted as lines of JSON, in order, with the digest of the batch as its key', async () => {
  await using receiver = await startReceiver();
  const { open, readMetric } = await prepare(receiver);
  await using sink = await open();
  await writeAll(sink, range(0, 200));
  await until(arrived(receiver), range(0, 200));
  expect(receiver.requests.length).toBeLessThan(200);
  for (const { method, headers, text } of receiver.requests) {
    expect(method).toBe('POST');
    expect(headers).toMatchObject({
      'content-type': 'application/x-ndjson',
      'idempotency-key': `sha256:${createHash('sha256').update(text).digest('hex')}`,
    });
    expect(headers).not.toHaveProperty('authorization');
  }
  await until(() => readMetric('assent_records_total{sink="http"}'), 200);
  expect(await readMetric('assent_records_spooled_bytes')).toBe(0);
});

it('a receiver that is away costs nothing: what was recorded meanwhile comes when it is back, in order', async () => {
  await using receiver = await startReceiver();
  await receiver.leave();
  const { open, readLog, readMetric } = await prepare(receiver);
  await using sink = await open();
  await writeAll(sink, range(0, 50));
  await until(
    () => readMetric('assent_record_sink_failures_total{sink="http"}'),
    expect.toSatisfy((n) => n > 2),
  );
  expect(await readMetric('assent_records_spooled_bytes')).toBeGreaterThan(0);
  await receiver.comeBack();
  await until(arrived(receiver), range(0, 50));
  await until(readLog, expect.arrayContaining([expect.objectContaining({ msg: 'record sink takes records again' })]));
  expect(await readLog()).toContainEqual(
    expect.objectContaining({
      msg: 'record sink failed',
      sink: 'http',
      retryInMs: expect.any(Number),
      err: expect.objectContaining({ code: 'unreachable', message: expect.stringContaining('ECONNREFUSED') }),
    }),
  );
});

describe('the same batch comes again, with the same key, after', () => {
  it.each<[string, Behaviour]>([
    ['an answer 500', { status: 500 }],
    ['an answer 503', { status: 503, headers: { 'retry-after': 'Thu, 01 Jan 1970 00:00:00 GMT' } }],
    ['an answer 429', { status: 429, headers: { 'retry-after': '0' } }],
    ['an answer 408', { status: 408 }],
    ['no answer in time', 'silent'],
    ['a connection that ends before the answer', 'cut-answer'],
  ])('%s', async (_, behaviour) => {
    await using receiver = await startReceiver();
    receiver.behave(behaviour);
    const { open } = await prepare(receiver);
    await using sink = await open({ receiver: { url: receiver.url, timeoutMs: 200 } });
    await writeAll(sink, ['1']);
    await until(
      async () => receiver.requests.length,
      expect.toSatisfy((count) => count > 1),
    );
    await writeAll(sink, ['2']);
    receiver.behave({ status: 200 });
    await until(arrived(receiver), ['1', '2']);
    expect(new Set(keysOf(receiver)).size).toBe(2);
    expect(keysOf(receiver).at(-2)).toBe(keysOf(receiver)[0]);
  });
});

it('a connection that ends within the request is opened again', async () => {
  await using receiver = await startReceiver();
  receiver.behave('cut-request');
  const { open, readMetric } = await prepare(receiver);
  await using sink = await open();
  await writeAll(sink, range(0, 20), 100_000);
  await until(
    () => readMetric('assent_record_sink_failures_total{sink="http"}'),
    expect.toSatisfy((n) => n > 2),
  );
  receiver.behave({ status: 200 });
  await until(arrived(receiver), range(0, 20));
});

it('an answer of success holds even if its text does not come', async () => {
  await using receiver = await startReceiver();
  receiver.behave('cut-body');
  const { open, readMetric } = await prepare(receiver);
  await using sink = await open();
  await writeAll(sink, ['1']);
  await until(() => readMetric('assent_records_total{sink="http"}'), 1);
  expect(receiver.records.length).toBe(1);
});

it('Retry-After is waited for', async () => {
  await using receiver = await startReceiver();
  receiver.behave({ status: 429, headers: { 'retry-after': '1' } });
  const { open } = await prepare(receiver);
  await using sink = await open();
  await writeAll(sink, ['1']);
  await until(async () => receiver.requests.length, 2);
  const [first, second] = receiver.requests;
  expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(950);
});

describe('a receiver that refuses', () => {
  it.each([400, 401, 403, 404, 422, 301])('with %i is told of loudly, and nothing is dropped', async (status) => {
    await using receiver = await startReceiver();
    receiver.behave({ status, headers: { location: '/elsewhere' }, text: 'no such index' });
    const { open, readLog } = await prepare(receiver);
    await using sink = await open();
    await writeAll(sink, ['1', '2']);
    await until(
      async () => receiver.requests.length,
      expect.toSatisfy((count) => count > 2),
    );
    expect(receiver.records).toEqual([]);
    expect(await readLog()).toContainEqual(
      expect.objectContaining({
        level: 50,
        msg: 'records are refused',
        err: expect.objectContaining({ message: `${receiver.url.href} answers HTTP ${status}: no such index` }),
      }),
    );
    receiver.behave({ status: 200 });
    await until(arrived(receiver), ['1', '2']);
  });

  it('is asked slowly', async () => {
    await using receiver = await startReceiver();
    receiver.behave({ status: 400 });
    const { open, readLog } = await prepare(receiver);
    await using sink = await open({ delays: { passing: QUICK, refused: { baseMs: 60_000, maxMs: 60_000 } } });
    await writeAll(sink, ['1']);
    const retries = async () => (await readLog()).map(({ retryInMs }) => retryInMs);
    await until(retries, [expect.toSatisfy((ms) => ms >= 30_000)]);
  });

  it('batches for their size gets smaller ones', async () => {
    await using receiver = await startReceiver();
    receiver.behave({ status: 413, aboveBytes: 2_500 });
    const { open } = await prepare(receiver);
    await using sink = await open();
    await writeAll(sink, range(0, 64), 1_000);
    await until(arrived(receiver), range(0, 64));
    expect(Math.max(...receiver.requests.map(({ text }) => text.length))).toBeGreaterThan(50_000);
  });
});

describe('the token', () => {
  it('is read again for each try', async () => {
    await using receiver = await startReceiver();
    const tokenFile = join(await temporaryFolder(), 'token');
    const { open, readLog } = await prepare(receiver);
    await using sink = await open({ receiver: { url: receiver.url, tokenFile } });
    await writeAll(sink, ['1']);
    await until(readLog, expect.arrayContaining([expect.objectContaining({ sink: 'http' })]));
    expect(receiver.requests).toEqual([]);
    await writeFile(tokenFile, 'first\n');
    await until(arrived(receiver), ['1']);
    await writeFile(tokenFile, 'second');
    await writeAll(sink, ['2']);
    await until(arrived(receiver), ['1', '2']);
    expect(receiver.requests.map(({ headers }) => headers.authorization)).toEqual(['Bearer first', 'Bearer second']);
  });

  it('that is none is not sent', async () => {
    await using receiver = await startReceiver();
    const tokenFile = join(await temporaryFolder(), 'token');
    await writeFile(tokenFile, 'two\nlines');
    const { open, readLog } = await prepare(receiver);
    await using sink = await open({ receiver: { url: receiver.url, tokenFile } });
    await writeAll(sink, ['1']);
    const message = expect.stringContaining(`${tokenFile} holds no token`);
    await until(
      readLog,
      expect.arrayContaining([expect.objectContaining({ err: expect.objectContaining({ message }) })]),
    );
    expect(receiver.requests).toEqual([]);
  });
});

it('over TLS only a server that the given authority has signed gets records, and a new authority is read at once', async () => {
  const now = new Date();
  const authority = await issueCertificate({ commonName: 'ours', usage: 'authority', now });
  const other = await issueCertificate({ commonName: 'theirs', usage: 'authority', now });
  const issuer = { commonName: 'ours', key: createPrivateKey(authority.key) };
  const { certificate: cert, key } = await issueCertificate({ commonName: 'sink', usage: 'server', issuer, now });
  await using receiver = await startReceiver({ tls: { key, cert } });
  const caFile = join(await temporaryFolder(), 'ca.crt');
  await writeFile(caFile, other.certificate);
  const { open, readMetric } = await prepare(receiver);
  await using sink = await open({ receiver: { url: receiver.url, caFile } });
  await writeAll(sink, ['1']);
  await until(
    () => readMetric('assent_record_sink_failures_total{sink="http"}'),
    expect.toSatisfy((n) => n > 1),
  );
  expect(receiver.requests).toEqual([]);
  await writeFile(caFile, authority.certificate);
  await until(arrived(receiver), ['1']);
});

describe('a sink that ends', () => {
  it('delivers what it has', async () => {
    await using receiver = await startReceiver();
    receiver.behave({ status: 503 });
    const { open } = await prepare(receiver, {
      delays: { passing: { baseMs: 60_000, maxMs: 60_000 }, refused: QUICK },
    });
    const sink = await open();
    await writeAll(sink, range(0, 10));
    await until(async () => receiver.requests.length, 1);
    receiver.behave({ status: 200 });
    await sink[Symbol.asyncDispose]();
    expect(receiver.ids()).toEqual(range(0, 10));
  });

  it('does not wait for a receiver that is away: the next one delivers', async () => {
    await using receiver = await startReceiver();
    await receiver.leave();
    const { open } = await prepare(receiver);
    const first = await open();
    await writeAll(first, range(0, 10));
    await first[Symbol.asyncDispose]();
    await using second = await open();
    await writeAll(second, range(10, 20));
    await receiver.comeBack();
    await until(arrived(receiver), range(0, 20));
  });
});

describe('a spool', () => {
  it('that is full makes who records wait; nothing is dropped, and the metric and the log tell it', async () => {
    await using receiver = await startReceiver();
    await receiver.leave();
    const { open, readLog, readMetric } = await prepare(receiver, { spoolLimitBytes: 1_000 });
    await using sink = await open();
    let kept = 0;
    const writing = Promise.all(
      range(0, 100).map(async (id) => {
        await sink.write(entryOf(id, 100));
        kept += 1;
      }),
    );
    await until(() => readMetric('assent_record_spool_full'), 1);
    expect(kept).toBeLessThan(10);
    expect(await readLog()).toContainEqual(
      expect.objectContaining({ level: 50, msg: 'record spool is full: decisions wait', limitBytes: 1_000 }),
    );
    await receiver.comeBack();
    await writing;
    await until(arrived(receiver), range(0, 100));
    await until(() => readMetric('assent_record_spool_full'), 0);
  });

  it('whose folder is gone keeps nothing, and says so', async () => {
    await using receiver = await startReceiver();
    const { open, spoolFolder } = await prepare(receiver);
    await using sink = await open();
    await writeAll(sink, ['1']);
    await until(arrived(receiver), ['1']);
    await rm(spoolFolder, { recursive: true });
    await expect(writeAll(sink, ['2'])).rejects.toMatchObject({ code: 'not-written' });
  });
});
