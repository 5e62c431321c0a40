import { mkdirSync, writeFileSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { cached, digestOf } from './build-cache.ts';

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), 'assent-cache-'));
  vi.stubEnv('XDG_CACHE_HOME', cache);
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(cache, { recursive: true });
});

const entries = () => readdir(join(cache, 'assent', 'thing'));
const build = (content: string) => (folder: string) => writeFile(join(folder, 'file'), content);

test('what was built once is not built again', async () => {
  const folder = await cached('thing', 'abc', build('first'));
  expect(await cached('thing', 'abc', build('second'))).toBe(folder);
  expect(await readFile(join(folder, 'file'), 'utf8')).toBe('first');
  expect(await entries()).toEqual(['abc']);
});

test('a build that fails leaves nothing, and the next one builds', async () => {
  const fails = async (folder: string) => {
    writeFileSync(join(folder, 'half'), '');
    throw new Error('no');
  };
  await expect(cached('thing', 'abc', fails)).rejects.toThrow('no');
  expect(await entries()).toEqual([]);
  const folder = await cached('thing', 'abc', build('whole'));
  expect(await readdir(folder)).toEqual(['file']);
});

test('two builds at once give one result', async () => {
  const slow = async (folder: string) => {
    await setTimeout(20);
    await build('same')(folder);
  };
  const [one, other] = await Promise.all([cached('thing', 'abc', slow), cached('thing', 'abc', slow)]);
  expect(one).toBe(other);
  expect(await entries()).toEqual(['abc']);
});

test('what a killed build left is removed; a running one is left alone', async () => {
  const noProcess = 2 ** 22 + 1;
  for (const pid of [noProcess, process.pid])
    mkdirSync(join(cache, 'assent', 'thing', `.building-${pid}-x`), { recursive: true });
  await cached('thing', 'abc', build(''));
  expect((await entries()).sort()).toEqual([`.building-${process.pid}-x`, 'abc']);
});

test('a digest tells where one part ends and the next begins', () => {
  expect(digestOf(['ab', 'c'])).toBe(digestOf(['ab', Buffer.from('c')]));
  expect(digestOf(['ab', 'c'])).not.toBe(digestOf(['a', 'bc']));
});
