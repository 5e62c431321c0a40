import { copyFile, mkdir, readFile, rename, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../../test/records/temporary-folder.ts';
import { watchEvents } from '../../../test/records/watched-events.ts';
import { createFileSink } from './file-sink.ts';
import type { RecordSink } from './record-sink.ts';

// A bound for a machine that does much else; nothing waits for it to pass.
vi.setConfig({ testTimeout: 60_000 });

const entryOf = (id: number) => {
  const record = { kind: 'Decision', id: String(id) };
  return { record, line: JSON.stringify(record) };
};
const linesOf = (...ids: readonly number[]) => ids.map((id) => `${entryOf(id).line}\n`).join('');
const writeAll = (sink: RecordSink, ...ids: readonly number[]) => Promise.all(ids.map((id) => sink.write(entryOf(id))));

async function prepare() {
  const path = join(await temporaryFolder(), 'records.ndjson');
  const watched = await watchEvents();
  return { ...watched, path, create: () => createFileSink({ path, events: watched.events }) };
}

it('every record is one line, in the order of the calls, whoever waits for whom', async () => {
  const { path, create, readMetric } = await prepare();
  await using sink = await create();
  const ids = Array.from({ length: 500 }, (_, id) => id);
  await writeAll(sink, ...ids);
  expect(await readFile(path, 'utf8')).toBe(linesOf(...ids));
  expect(await readMetric('assent_records_total{sink="file"}')).toBe(500);
});

it('a file that is there is appended to, and is for its owner and group only where it is new', async () => {
  const { path, create } = await prepare();
  for (const id of [1, 2]) {
    await using sink = await create();
    await writeAll(sink, id);
  }
  expect(await readFile(path, 'utf8')).toBe(linesOf(1, 2));
  expect((await stat(path)).mode & 0o007).toBe(0);
});

describe('a file that is rotated', () => {
  it('by renaming it is begun anew', async () => {
    const { path, create } = await prepare();
    await using sink = await create();
    await writeAll(sink, 1);
    await rename(path, `${path}.1`);
    await writeAll(sink, 2);
    expect([await readFile(`${path}.1`, 'utf8'), await readFile(path, 'utf8')]).toEqual([linesOf(1), linesOf(2)]);
  });

  it('by renaming, and by creating a new one, goes on in the new one', async () => {
    const { path, create } = await prepare();
    await using sink = await create();
    await writeAll(sink, 1);
    await rename(path, `${path}.1`);
    await writeFile(path, '');
    await writeAll(sink, 2);
    expect(await readFile(path, 'utf8')).toBe(linesOf(2));
  });

  it('by copying and truncating goes on at its beginning', async () => {
    const { path, create } = await prepare();
    await using sink = await create();
    await writeAll(sink, 1, 2, 3);
    await copyFile(path, `${path}.1`);
    await truncate(path);
    await writeAll(sink, 4);
    expect(await readFile(path, 'utf8')).toBe(linesOf(4));
  });

  it('into a folder that is gone keeps nothing and says so, until the folder is back', async () => {
    const { path, create, readLog, readMetric } = await prepare();
    const folder = join(path, '..');
    await using sink = await create();
    await rm(folder, { recursive: true });
    await expect(writeAll(sink, 1)).rejects.toMatchObject({
      code: 'not-written',
      message: expect.stringContaining(path),
    });
    expect(await readMetric('assent_record_sink_failures_total{sink="file"}')).toBe(1);
    expect(await readLog()).toMatchObject([{ msg: 'record sink failed', sink: 'file' }]);
    await mkdir(folder);
    await writeAll(sink, 1);
    expect(await readFile(path, 'utf8')).toBe(linesOf(1));
  });
});

describe('the last line of a crash', () => {
  it('is cut away wherever it was torn, and completed where only its end is missing', async () => {
    const { path, create } = await prepare();
    const torn = linesOf(2);
    for (let length = 0; length <= torn.length; length++) {
      await writeFile(path, linesOf(1) + torn.slice(0, length));
      await using sink = await create();
      await writeAll(sink, 3);
      const whole = length >= torn.length - 1 ? [1, 2, 3] : [1, 3];
      expect(await readFile(path, 'utf8')).toBe(linesOf(...whole));
    }
  });

  it('is cut away where the file system left zeros in its place', async () => {
    const { path, create } = await prepare();
    await writeFile(path, linesOf(1));
    await truncate(path, linesOf(1).length + 100);
    await using _sink = await create();
    expect(await readFile(path, 'utf8')).toBe(linesOf(1));
  });

  it('is found however long it is', async () => {
    const { path, create } = await prepare();
    await writeFile(path, `${linesOf(1)}{"kind":"${'x'.repeat(300_000)}`);
    await using _sink = await create();
    expect(await readFile(path, 'utf8')).toBe(linesOf(1));
  });
});

describe('a path that cannot be a file of records is refused at the start, and is left as it was:', () => {
  it('a file of something else', async () => {
    const { path, create } = await prepare();
    for (const text of ['key: value', 'key: value\n', '{\n  "key": "value"\n}', '\n']) {
      await writeFile(path, text);
      await expect(create()).rejects.toMatchObject({ code: 'not-records', message: expect.stringContaining(path) });
      expect(await readFile(path, 'utf8')).toBe(text);
    }
  });

  it('a file without any line', async () => {
    const { path, create } = await prepare();
    await writeFile(path, Buffer.alloc(17 * 2 ** 20, '{'));
    await expect(create()).rejects.toMatchObject({ code: 'not-records' });
    expect((await stat(path)).size).toBe(17 * 2 ** 20);
  });

  it('a folder, and a file in no folder', async () => {
    const { path, create } = await prepare();
    await mkdir(path);
    await expect(create()).rejects.toMatchObject({ code: 'unusable', message: expect.stringContaining('EISDIR') });
    const { events } = await watchEvents();
    const nowhere = createFileSink({ path: join(path, 'nowhere', 'records'), events });
    await expect(nowhere).rejects.toMatchObject({ code: 'unusable', message: expect.stringContaining('ENOENT') });
  });

  it('a device', async () => {
    const { events } = await watchEvents();
    const device = createFileSink({ path: '/dev/null', events });
    await expect(device).rejects.toMatchObject({
      code: 'unusable',
      message: expect.stringContaining('no ordinary file'),
    });
  });
});
