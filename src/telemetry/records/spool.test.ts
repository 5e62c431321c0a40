import { appendFile, mkdtemp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { temporaryFolder } from '../../../test/records/temporary-folder.ts';
import { type WatchedEvents, watchEvents } from '../../../test/records/watched-events.ts';
import { openSpool, type Spool } from './spool.ts';

// A bound for a machine that does much else; nothing waits for it to pass.
vi.setConfig({ testTimeout: 60_000 });

const never = new AbortController().signal;
const ended = AbortSignal.abort();
const MANY = 2 ** 20;

/** A record of at least this many bytes. */
const lineOf = (id: number, bytes = 0) => JSON.stringify({ kind: 'Decision', id: String(id), text: 'x'.repeat(bytes) });
const idsOf = (bytes: Buffer) =>
  bytes
    .toString('utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => Number(JSON.parse(line).id));

type Limits = Partial<Parameters<typeof openSpool>[0]>;
async function prepare(limits: Limits = {}) {
  const folder = join(await temporaryFolder(), 'spool');
  const watched = await watchEvents();
  const reopen = () => openSpool({ folder, limitBytes: MANY, signal: never, events: watched.events, ...limits });
  return { ...watched, folder, reopen };
}

async function deliver(spool: Spool, maxBytes = MANY): Promise<readonly number[]> {
  const batch = await spool.next(maxBytes, ended);
  if (!batch) return [];
  await spool.delivered();
  return idsOf(batch.bytes);
}

async function deliverAll(spool: Spool, maxBytes = MANY): Promise<readonly number[]> {
  const ids: number[] = [];
  for (;;) {
    const more = await deliver(spool, maxBytes);
    if (more.length === 0) return ids;
    ids.push(...more);
  }
}

async function segmentsOf(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => name.endsWith('.ndjson')).toSorted();
}

describe('a batch', () => {
  it('holds as many whole records as fit, and at least one', async () => {
    const { reopen } = await prepare();
    await using spool = await reopen();
    const bytes = lineOf(0, 100).length + 1;
    for (const id of [1, 2, 3]) await spool.append(lineOf(id, 100));
    await spool.append(lineOf(4, 10_000));
    expect(await deliver(spool, 2 * bytes)).toEqual([1, 2]);
    expect(await deliver(spool, 2 * bytes - 1)).toEqual([3]);
    expect(await deliver(spool, 2 * bytes)).toEqual([4]);
  });

  it('stays the same until it was delivered, whatever comes meanwhile, and after a crash', async () => {
    const { reopen } = await prepare();
    const first = await reopen();
    await first.append(lineOf(1));
    const batch = await first.next(MANY, never);
    await first.append(lineOf(2));
    expect(await first.next(MANY, never)).toEqual(batch);
    await first[Symbol.asyncDispose]();
    await using second = await reopen();
    expect(await second.next(MANY, never)).toEqual(batch);
    expect(batch?.records).toBe(1);
    expect(await deliverAll(second)).toEqual([1, 2]);
  });

  it('is made smaller where a smaller one is asked for', async () => {
    const { reopen } = await prepare();
    await using spool = await reopen();
    await Promise.all([1, 2, 3, 4].map((id) => spool.append(lineOf(id))));
    expect((await spool.next(MANY, never))?.records).toBe(4);
    expect((await spool.next(2 * lineOf(1).length + 2, never))?.records).toBe(2);
    expect(await deliverAll(spool)).toEqual([1, 2, 3, 4]);
  });

  it('comes as soon as there is a record, and is none when the end comes first', async () => {
    const { reopen } = await prepare();
    await using spool = await reopen();
    const end = new AbortController();
    const waiting = spool.next(MANY, end.signal);
    await spool.append(lineOf(1));
    expect((await waiting)?.records).toBe(1);
    await spool.delivered();
    const nothing = spool.next(MANY, end.signal);
    end.abort();
    expect(await nothing).toBeNull();
  });
});

describe('the folder', () => {
  it('holds the records as lines of JSON, and is for its owner only', async () => {
    const { folder, reopen } = await prepare();
    await using spool = await reopen();
    await spool.append(lineOf(1));
    const [segment = ''] = await segmentsOf(folder);
    expect(await readFile(join(folder, segment), 'utf8')).toBe(`${lineOf(1)}\n`);
    for (const path of [folder, join(folder, segment)]) expect((await stat(path)).mode & 0o077).toBe(0);
  });

  it('loses the segments that were delivered, and keeps no more than one', async () => {
    const { folder, reopen, readMetric } = await prepare({ segmentBytes: 500 });
    await using spool = await reopen();
    for (let id = 0; id < 50; id++) await spool.append(lineOf(id, 100));
    expect((await segmentsOf(folder)).length).toBeGreaterThan(5);
    expect(await readMetric('assent_records_spooled_bytes')).toBeGreaterThan(50 * 100);
    expect((await deliverAll(spool)).length).toBe(50);
    expect((await segmentsOf(folder)).length).toBe(1);
    expect(await readMetric('assent_records_spooled_bytes')).toBe(0);
  });

  it('is refused where it is a file, and where something else lies in a segment’s place', async () => {
    const { folder, reopen } = await prepare();
    await writeFile(folder, '');
    await expect(reopen()).rejects.toMatchObject({ code: 'unusable', message: expect.stringContaining(folder) });
    await rm(folder);
    await (await reopen())[Symbol.asyncDispose]();
    await writeFile(join(folder, '000000000001.ndjson'), 'something else');
    await expect(reopen()).rejects.toMatchObject({ code: 'not-records' });
  });

  it('has one owner: who had it before keeps nothing any more, and says so', async () => {
    const { folder, reopen } = await prepare();
    await using before = await reopen();
    await before.append(lineOf(1));
    await using after = await reopen();
    await expect(before.append(lineOf(2))).rejects.toMatchObject({
      code: 'taken-over',
      message: expect.stringContaining(folder),
    });
    await before.next(MANY, never);
    await expect(before.delivered()).rejects.toMatchObject({ code: 'taken-over' });
    await after.append(lineOf(3));
    expect(await deliverAll(after)).toEqual([1, 3]);
  });

  it('that was emptied goes on behind what was delivered: what comes then is not taken for that', async () => {
    const { folder, reopen } = await prepare({ segmentBytes: 1 });
    for (const id of [1, 2, 3]) {
      await using spool = await reopen();
      await spool.append(lineOf(id));
      expect(await deliverAll(spool)).toEqual([id]);
    }
    {
      await using spool = await reopen();
      expect(await deliver(spool)).toEqual([]);
      expect(await segmentsOf(folder)).toEqual([]);
    }
    {
      await using spool = await reopen();
      await spool.append(lineOf(4));
    }
    await using spool = await reopen();
    expect(await deliverAll(spool)).toEqual([4]);
  });

  it('with a position that makes no sense delivers all again, rather than to lose something', async () => {
    const { folder, reopen } = await prepare();
    await using spool = await reopen();
    await spool.append(lineOf(1));
    expect(await deliver(spool)).toEqual([1]);
    await spool.append(lineOf(2));
    for (const position of ['', '{', '{"segment":1,"offset":9999,"end":null}', '{"segment":1,"offset":-1,"end":5}']) {
      await writeFile(join(folder, 'position.json'), position);
      await using again = await reopen();
      expect((await again.next(MANY, never))?.records).toBe(2);
    }
  });
});

describe('a spool that is full', () => {
  const limitBytes = 3 * (lineOf(0, 100).length + 1);

  it('lets records wait, in order, and says so; what is delivered makes room', async () => {
    const { reopen, readLog, readMetric } = await prepare({ limitBytes });
    await using spool = await reopen();
    const kept: number[] = [];
    const appended = Promise.all(
      Array.from({ length: 10 }, async (_, id) => {
        await spool.append(lineOf(id, 100));
        kept.push(id);
      }),
    );
    const arrived: number[] = [];
    while (arrived.length < 10) {
      const batch = await spool.next(limitBytes, never);
      expect(batch?.bytes.length).toBeLessThanOrEqual(limitBytes);
      expect(await readMetric('assent_records_spooled_bytes')).toBeLessThanOrEqual(limitBytes);
      arrived.push(...idsOf(batch?.bytes ?? Buffer.of()));
      await spool.delivered();
    }
    await appended;
    expect(arrived).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(kept).toEqual(arrived);
    expect((await readLog())[0]).toMatchObject({ msg: 'record spool is full: decisions wait', limitBytes });
    expect(await readMetric('assent_record_spool_full')).toBe(0);
  });

  it('takes a record that is longer than the limit when it is empty', async () => {
    const { reopen } = await prepare({ limitBytes });
    await using spool = await reopen();
    await spool.append(lineOf(1, 1_000));
    const second = spool.append(lineOf(2, 1_000));
    expect(await deliver(spool)).toEqual([1]);
    await second;
    expect(await deliver(spool)).toEqual([2]);
  });

  it('refuses those who wait when the operator ends, and keeps what it has', async () => {
    const ending = new AbortController();
    const { reopen, readMetric } = await prepare({ limitBytes, signal: ending.signal });
    const spool = await reopen();
    for (const id of [1, 2, 3]) await spool.append(lineOf(id, 100));
    const waiting = spool.append(lineOf(4, 100));
    const refused = expect(waiting).rejects.toMatchObject({ code: 'ending' });
    expect(await readMetric('assent_record_spool_full')).toBe(1);
    ending.abort();
    await refused;
    await spool[Symbol.asyncDispose]();
    await using again = await reopen();
    expect(await deliverAll(again)).toEqual([1, 2, 3]);
  });
});

type Step =
  | { readonly kind: 'append'; readonly sizes: readonly number[] }
  | { readonly kind: 'deliver'; readonly maxBytes: number }
  | { readonly kind: 'append and deliver'; readonly sizes: readonly number[]; readonly maxBytes: number }
  /** In the middle of a delivery or of nothing, with so many bytes of one record more in the newest segment. */
  | { readonly kind: 'crash'; readonly delivering: boolean; readonly torn: number; readonly position: number | null };

const sizes = fc.array(fc.nat(300), { minLength: 1, maxLength: 5 });
const maxBytes = fc.constantFrom(1, 300, 1_000, MANY);
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('append'), sizes }),
  fc.record({ kind: fc.constant('deliver'), maxBytes }),
  fc.record({ kind: fc.constant('append and deliver'), sizes, maxBytes }),
  fc.record({
    kind: fc.constant('crash'),
    delivering: fc.boolean(),
    torn: fc.nat(200),
    position: fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: fc.nat(60) }),
  }),
);

it('whatever crashes when: every record that was kept arrives, in order, and only a batch in doubt arrives again', async () => {
  const root = await temporaryFolder();
  const { events } = await watchEvents();
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const folder = await mkdtemp(join(root, 'spool-'));
      const run = await runSteps(folder, steps, events);
      const firsts = run.arrived.filter((id, index) => run.arrived.indexOf(id) === index);
      expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
      // What was torn may have been whole; nobody was told that it is kept.
      expect(firsts.filter((id) => !run.torn.includes(id))).toEqual(run.kept);
      if (!run.positionLost) expect(run.arrived.length - firsts.length).toBe(run.inDoubt);
    }),
    { numRuns: 100 },
  );
}, 120_000);

async function runSteps(folder: string, steps: readonly Step[], events: WatchedEvents['events']) {
  const run = { kept: [] as number[], arrived: [] as number[], torn: [] as number[], inDoubt: 0, positionLost: false };
  const reopen = () => openSpool({ folder, limitBytes: MANY, segmentBytes: 700, signal: never, events });
  let spool = await reopen();
  let nextId = 0;
  const append = async (sizes: readonly number[]) => {
    const ids = sizes.map((size) => ({ id: nextId++, size }));
    await Promise.all(ids.map(({ id, size }) => spool.append(lineOf(id, size))));
    run.kept.push(...ids.map(({ id }) => id));
  };
  for (const step of steps) {
    switch (step.kind) {
      case 'append':
        await append(step.sizes);
        break;
      case 'deliver':
        run.arrived.push(...(await deliver(spool, step.maxBytes)));
        break;
      case 'append and deliver': {
        const [ids] = await Promise.all([deliver(spool, step.maxBytes), append(step.sizes)]);
        run.arrived.push(...ids);
        break;
      }
      case 'crash': {
        const batch = step.delivering ? await spool.next(MANY, ended) : null;
        const arrived = idsOf(batch?.bytes ?? Buffer.of());
        run.arrived.push(...arrived);
        await spool[Symbol.asyncDispose]();
        const newest = (await segmentsOf(folder)).at(-1);
        if (newest) {
          run.torn.push(nextId);
          await appendFile(join(folder, newest), `${lineOf(nextId++, 100)}\n`.slice(0, step.torn));
        }
        if (step.position !== null) run.positionLost ||= await tear(join(folder, 'position.json'), step.position);
        spool = await reopen();
        if (batch && !run.positionLost) {
          run.inDoubt += arrived.length;
          expect(await spool.next(MANY, ended)).toEqual(batch);
        }
        break;
      }
    }
  }
  run.arrived.push(...(await deliverAll(spool)));
  await spool[Symbol.asyncDispose]();
  return run;
}

/** @returns whether the file has lost something. */
async function tear(path: string, bytes: number): Promise<boolean> {
  const { size } = await stat(path).catch(() => ({ size: 0 }));
  if (size <= bytes) return false;
  await truncate(path, bytes);
  return true;
}
