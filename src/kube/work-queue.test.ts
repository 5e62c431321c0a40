import { describe, expect, it } from 'vitest';
import { createWorkQueue, type Work } from './work-queue.ts';

const noErrors = { onError: () => {} };

/** Runs the queue until `done` says so. */
async function runUntil(queue: ReturnType<typeof createWorkQueue>, work: Work, done: () => boolean): Promise<void> {
  const stop = new AbortController();
  const running = queue.run(async (key) => {
    const result = await work(key);
    if (done()) stop.abort();
    return result;
  }, stop.signal);
  await running;
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('a work queue', () => {
  it('collapses what happens to one key while it waits', async () => {
    const queue = createWorkQueue({ workers: 4, ...noErrors });
    const seen: string[] = [];
    for (const key of ['a', 'a', 'b', 'a']) queue.add(key);
    await runUntil(
      queue,
      async (key) => void seen.push(key),
      () => seen.length === 2,
    );
    expect(seen).toEqual(['a', 'b']);
    expect(queue.length).toBe(0);
  });

  it('never works on one key twice at once, and comes back for what happened meanwhile', async () => {
    const queue = createWorkQueue({ workers: 8, ...noErrors });
    let active = 0;
    let most = 0;
    let runs = 0;
    queue.add('a');
    await runUntil(
      queue,
      async () => {
        active++;
        most = Math.max(most, active);
        if (runs < 3) queue.add('a');
        await turn();
        active--;
        runs++;
      },
      () => runs === 4,
    );
    expect({ most, runs }).toEqual({ most: 1, runs: 4 });
  });

  it('works on different keys at once, as many as it has workers', async () => {
    const queue = createWorkQueue({ workers: 3, ...noErrors });
    let active = 0;
    let most = 0;
    let runs = 0;
    for (let index = 0; index < 12; index++) queue.add(`${index}`);
    await runUntil(
      queue,
      async () => {
        active++;
        most = Math.max(most, active);
        await turn();
        active--;
        runs++;
      },
      () => runs === 12,
    );
    expect(most).toBe(3);
  });

  it('gives the next worker to the owner with the fewest keys at work, however many another has waiting', async () => {
    const queue = createWorkQueue({ workers: 4, ownerOf: (key) => key.slice(0, 1), ...noErrors });
    const taken: string[] = [];
    const endSlow: (() => void)[] = [];
    for (let index = 0; index < 100; index++) queue.add(`a${index}`);
    const stop = new AbortController();
    const running = queue.run(async (key) => {
      taken.push(key);
      if (key.startsWith('a')) await new Promise<void>((resolve) => endSlow.push(resolve));
      if (key === 'b9') stop.abort();
      return undefined;
    }, stop.signal);
    await turn();
    expect(taken).toEqual(['a0', 'a1', 'a2', 'a3']);
    for (let index = 0; index < 10; index++) queue.add(`b${index}`);
    endSlow.shift()?.();
    // One of a's has ended: all of b's go through its place, one after the other.
    while (!stop.signal.aborted) await turn();
    expect(taken.slice(4)).toEqual(Array.from({ length: 10 }, (_, index) => `b${index}`));
    for (const end of endSlow) end();
    await running;
  });

  it('serves owners in turn, each by the order of its keys', async () => {
    const queue = createWorkQueue({ workers: 1, ownerOf: (key) => key.slice(0, 1), ...noErrors });
    for (const key of ['a1', 'a2', 'a3', 'b1', 'b2', 'c1']) queue.add(key);
    const taken: string[] = [];
    await runUntil(
      queue,
      async (key) => {
        taken.push(key);
        if (key === 'c1') queue.add('a4');
      },
      () => taken.length === 7,
    );
    expect(taken).toEqual(['a1', 'b1', 'c1', 'a2', 'b2', 'a3', 'a4']);
    expect(queue.length).toBe(0);
  });

  it('brings a failed key back, later each time, and starts over after a success', async () => {
    const delays: number[] = [];
    const queue = createWorkQueue({
      workers: 1,
      backoff: { baseMs: 1, maxMs: 4 },
      random: () => 1,
      onError: (_key, _error, retryInMs) => delays.push(retryInMs),
    });
    let runs = 0;
    queue.add('a');
    await runUntil(
      queue,
      async () => {
        runs++;
        if (runs !== 5 && runs !== 7) throw new Error('not yet');
        if (runs === 5) queue.add('a');
      },
      () => runs === 7,
    );
    expect(delays).toEqual([1, 2, 4, 4, 1]);
  });

  it('brings a key back after the time that the work asked for, the earliest of several', async () => {
    const queue = createWorkQueue({ workers: 1, ...noErrors });
    const seen: string[] = [];
    queue.addAfter('a', 3_600_000);
    queue.addAfter('a', 1);
    await runUntil(
      queue,
      async (key) => void seen.push(key),
      () => seen.length === 1,
    );
    expect(seen).toEqual(['a']);
  });

  it('ends when told to, after what is being worked on', async () => {
    const queue = createWorkQueue({ workers: 1, ...noErrors });
    const stop = new AbortController();
    let finished = false;
    queue.add('a');
    await queue.run(async () => {
      stop.abort();
      await turn();
      finished = true;
      return undefined;
    }, stop.signal);
    expect(finished).toBe(true);
  });
});
