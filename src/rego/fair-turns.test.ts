import { expect, test } from 'vitest';
import { createFairTurns } from './fair-turns.ts';

/** A clock that each piece of work sets forward by what it costs. */
function createGround() {
  let nowMs = 0;
  const order: string[] = [];
  const turns = createFairTurns(() => nowMs);
  const take = (name: string, costMs: number): Promise<string> =>
    turns.take(name.slice(0, 1), async () => {
      order.push(name);
      nowMs += costMs;
      return name;
    });
  return { order, turns, take };
}

test('who has taken the least time comes first, however many pieces of work another has waiting', async () => {
  const { order, take } = createGround();
  const slow = ['a1', 'a2', 'a3', 'a4'].map((name) => take(name, 10_000));
  const quick = ['b1', 'b2', 'b3', 'c1'].map((name) => take(name, 100));
  expect(await Promise.all([...slow, ...quick])).toEqual(['a1', 'a2', 'a3', 'a4', 'b1', 'b2', 'b3', 'c1']);
  expect(order).toEqual(['a1', 'b1', 'c1', 'b2', 'b3', 'a2', 'a3', 'a4']);
});

test('equals go by the order in which they came', async () => {
  const { order, take } = createGround();
  await Promise.all(['a1', 'a2', 'a3'].map((name) => take(name, 0)));
  expect(order).toEqual(['a1', 'a2', 'a3']);
});

test('work that fails is told to whoever waits for it, and the next has its turn', async () => {
  const { turns, take } = createGround();
  const failed = turns.take('a', async () => {
    throw new Error('no luck');
  });
  const next = take('b1', 1);
  await expect(failed).rejects.toThrow('no luck');
  expect(await next).toBe('b1');
});
