import { expect, test } from 'vitest';
import { renderAge } from './render-age.ts';

const SINCE = '2026-01-02T03:04:05Z';
const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

test.for([
  [0, '0s'],
  [119 * SECOND, '119s'],
  [2 * MINUTE, '2m'],
  [9 * MINUTE + 3 * SECOND, '9m3s'],
  [10 * MINUTE + 3 * SECOND, '10m'],
  [179 * MINUTE, '179m'],
  [3 * HOUR + 5 * MINUTE, '3h5m'],
  [47 * HOUR, '47h'],
  [2 * DAY + 3 * HOUR, '2d3h'],
  [9 * DAY + 3 * HOUR, '9d'],
  [729 * DAY, '729d'],
  [3 * 365 * DAY + 2 * DAY, '3y2d'],
  [9 * 365 * DAY, '9y'],
] as const)('%i milliseconds are %s, as kubectl tells them', ([age, expected]) => {
  expect(renderAge(SINCE, Date.parse(SINCE) + age)).toBe(expected);
});

test('what is created in the future of this clock is 0s old', () => {
  expect(renderAge(SINCE, Date.parse(SINCE) - HOUR)).toBe('0s');
});

test.for([undefined, '', 'yesterday'])('%j is no time', (since) => {
  expect(renderAge(since, 0)).toBe('<unknown>');
});
