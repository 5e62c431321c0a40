import { expect, it } from 'vitest';
import { createWrittenVersions } from './written-versions.ts';

const key = 'risk/fraud-7';

it('the cache is behind until the watch shows what was written, or something newer', () => {
  const cache = new Map([[key, '9']]);
  const written = createWrittenVersions((name) => cache.get(name));
  written.wrote(key, '100');
  expect(written.isBehind(key)).toBe(true);
  cache.set(key, '99');
  written.observe(key);
  expect(written.isBehind(key)).toBe(true);
  cache.set(key, '1000');
  written.observe(key);
  expect(written.isBehind(key)).toBe(false);
});

it('what the watch has shown before the answer came is not waited for', () => {
  const written = createWrittenVersions(() => '100');
  written.wrote(key, '100');
  expect(written.isBehind(key)).toBe(false);
});

it.each([undefined, 'a1'])('a version whose cached state is %s is never behind', (cached) => {
  const written = createWrittenVersions(() => cached);
  written.wrote(key, '100');
  expect(written.isBehind(key)).toBe(false);
});

it('a watch that never shows it is not waited for for ever', () => {
  let now = 0;
  const written = createWrittenVersions(
    () => '9',
    () => now,
  );
  written.wrote(key, '100');
  expect(written.isBehind(key)).toBe(true);
  now = 30_001;
  expect(written.isBehind(key)).toBe(false);
});
