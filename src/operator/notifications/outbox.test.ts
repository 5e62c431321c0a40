import { expect, test } from 'vitest';
import { createOutbox } from './outbox.ts';
import type { VersionNews } from './version-news.ts';

const SINCE = '2026-01-01T00:00:00.000Z';

const at = (minutes: number) => new Date(Date.parse(SINCE) + minutes * 60_000).toISOString();

function news(id: string, minutes: number): VersionNews {
  const fields = {
    ...{ model: 'm', version: '1', namespace: 'n', name: 'm-1', stage: 'Production', currentStage: 'None' },
    ...{ event: 'Waiting', reason: '', message: '', approvers: '', approvedBy: '', approve: '', reject: '' },
  };
  return { id, event: 'Waiting', at: at(minutes), uid: '', generation: 1, decisionId: '', fields };
}

const drain = (outbox: ReturnType<typeof createOutbox>): string[] => {
  const ids: string[] = [];
  for (let next = outbox.next(); next; next = outbox.next()) {
    ids.push(next.news.id);
    outbox.settle(next.key, next.news.id, next.news.at);
  }
  return ids;
};

test('what was decided before the Notification was made is no news', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('a', -1));
  outbox.offer('n/b', news('b', 1));
  expect(drain(outbox)).toEqual(['b']);
});

test('what was told is not told again, neither in this process nor in the next', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('a', 1));
  drain(outbox);
  outbox.offer('n/a', news('a', 1));
  const next = createOutbox(SINCE, outbox.progress());
  next.offer('n/a', news('a', 1));
  expect([outbox.waiting, next.waiting]).toEqual([0, 0]);
});

test('what waited at the end is told by the next process, however long ago it was decided', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('a', 1));
  outbox.offer('n/b', news('b', 60));
  outbox.settle('n/b', 'b', at(60));
  const next = createOutbox(SINCE, outbox.progress());
  next.offer('n/a', news('a', 1));
  next.offer('n/b', news('b', 60));
  expect(drain(next)).toEqual(['a']);
});

test('of one version only the newest is told', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('waiting', 1));
  outbox.offer('n/a', news('approved', 2));
  expect(drain(outbox)).toEqual(['approved']);
});

test('news that changed while it was sent is still to be told', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('waiting', 1));
  outbox.offer('n/a', news('approved', 2));
  outbox.settle('n/a', 'waiting', at(1));
  expect(drain(outbox)).toEqual(['approved']);
});

test('what waits is not forgotten when its version is looked at after a newer one was told', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('a', 0));
  outbox.offer('n/b', news('b', 7));
  outbox.postpone('n/a');
  outbox.settle('n/b', 'b', at(7));
  const changed = { ...news('a', 0), decisionId: 'the next of the same wait' };
  outbox.offer('n/a', changed);
  expect(outbox.next()).toEqual({ key: 'n/a', news: changed });
});

test('one that was not taken lets the others come first', () => {
  const outbox = createOutbox(SINCE);
  outbox.offer('n/a', news('a', 1));
  outbox.offer('n/b', news('b', 2));
  outbox.postpone('n/a');
  expect(drain(outbox)).toEqual(['b', 'a']);
});

test('beyond ten thousand the oldest are dropped, and a status keeps 256 ids', () => {
  const outbox = createOutbox(SINCE);
  for (let index = 0; index < 10_300; index += 1) outbox.offer(`n/${index}`, news(String(index), 1));
  expect([outbox.waiting, outbox.dropped, outbox.next()?.news.id]).toEqual([10_000, 300, '300']);
  drain(outbox);
  expect(outbox.progress().recentIds).toHaveLength(256);
});
