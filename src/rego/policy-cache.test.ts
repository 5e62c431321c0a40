import { mkdtemp, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { CompiledPolicy } from './compile-result.ts';
import { createPolicyCache } from './policy-cache.ts';

const KIB = 1024;
const HOUR_MS = 3_600_000;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-policy-cache-'));
});
afterEach(() => rm(folder, { recursive: true }));

const aPolicy = (digest: string): CompiledPolicy => ({
  ...{ digest, builtins: [], reads: [] },
  wasm: new Uint8Array(100 * KIB),
});
const fileOf = (digest: string) => join(folder, `${digest}.policy`);
const age = (file: string, ms: number) => utimes(file, new Date(), new Date(Date.now() - ms));
const ageMs = async (file: string) => Date.now() - (await stat(file)).mtimeMs;

/** What processes that have ended left, the first the longest ago. */
async function leave(...digests: readonly string[]): Promise<void> {
  const cache = createPolicyCache(folder);
  for (const [at, digest] of digests.entries()) {
    await cache.store(aPolicy(digest));
    await age(fileOf(digest), (digests.length - at + 1) * HOUR_MS);
  }
}

test('beyond its bytes the entries go that were used the longest ago', async () => {
  await leave('a', 'b', 'c');
  await createPolicyCache(folder, 350 * KIB).store(aPolicy('d'));
  expect(await readdir(folder)).toEqual(['b.policy', 'c.policy', 'd.policy']);
});

test('who loads an entry uses it', async () => {
  await leave('a', 'b', 'c');
  expect(await createPolicyCache(folder).load('a')).toEqual(aPolicy('a'));
  await createPolicyCache(folder, 350 * KIB).store(aPolicy('d'));
  expect(await readdir(folder)).toEqual(['a.policy', 'c.policy', 'd.policy']);
});

test('what this process still uses stays, and stays for the next process', async () => {
  await leave('a', 'b');
  const cache = createPolicyCache(folder, 250 * KIB);
  const used = await cache.load('a');
  await age(fileOf('a'), 1_000 * HOUR_MS);
  await cache.store(aPolicy('c'));
  await cache.store(aPolicy('d'));
  expect(await readdir(folder)).toContain('a.policy');
  expect(await ageMs(fileOf('a'))).toBeLessThan(HOUR_MS);
  expect(used?.digest).toBe('a');
});

test('a file that a killed writer left goes, and one that is being written stays', async () => {
  await writeFile(join(folder, 'left.tmp'), 'half');
  await age(join(folder, 'left.tmp'), HOUR_MS);
  await writeFile(join(folder, 'fresh.tmp'), 'half');
  await createPolicyCache(folder).store(aPolicy('a'));
  expect(await readdir(folder)).toEqual(['a.policy', 'fresh.tmp']);
});

test('an entry that another process removed is a miss, and is stored again', async () => {
  const cache = createPolicyCache(folder);
  await cache.store(aPolicy('a'));
  await rm(fileOf('a'));
  expect(await cache.load('a')).toBeNull();
  await cache.store(aPolicy('a'));
  expect(await cache.load('a')).toEqual(aPolicy('a'));
});
