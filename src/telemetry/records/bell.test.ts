import { getEventListeners } from 'node:events';
import { expect, test } from 'vitest';
import { createBell } from './bell.ts';

test('who was woken by the bell no longer waits for the end', async () => {
  const bell = createBell();
  const end = new AbortController();
  const woken = bell.next(end.signal);
  bell.ring();
  await woken;
  expect(getEventListeners(end.signal, 'abort')).toEqual([]);
});
