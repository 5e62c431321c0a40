import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { CompiledPolicy } from './compile-result.ts';

/** Compiled policies on disk, by digest. A cache only: whatever is wrong with it, policies are compiled anew. */
export interface PolicyCache {
  /** Null where there is no entry, or none that is whole. */
  load(digest: string): Promise<CompiledPolicy | null>;
  store(policy: CompiledPolicy): Promise<void>;
}

// An entry is one line of JSON, then the module's bytes. The checksum covers the rest of the line and the bytes.
const headerSchema = z.strictObject({
  checksum: z.string(),
  digest: z.string(),
  builtins: z.array(z.string()),
  reads: z.array(z.string()),
  data: z.record(z.string(), z.unknown()).exactOptional(),
});
type Header = z.infer<typeof headerSchema>;

/** What entries take together before those go that were used the longest ago. */
const KEPT_BYTES = 256 * 1024 * 1024;
/** How exactly it is known when an entry was used last. */
const USED_MS = 3_600_000;
/** No write takes so long: whoever wrote it is gone. */
const ABANDONED_MS = 600_000;

export function createPolicyCache(folder: string, keptBytes: number = KEPT_BYTES): PolicyCache {
  const pathOf = (digest: string) => join(folder, `${digest.replace(/[^a-z0-9]/g, '-')}.policy`);
  /** An entry is in use as long as somebody has the policy: after a restart it may be the last good one. */
  const used = new Map<string, readonly WeakRef<CompiledPolicy>[]>();
  // Before the first look nobody knows what is there.
  let storedBytes = Number.POSITIVE_INFINITY;

  const isUsed = (path: string): boolean => used.get(path)?.some((policy) => policy.deref()) ?? false;
  const use = (path: string, policy: CompiledPolicy): void => {
    const others = used.get(path)?.filter((other) => other.deref()) ?? [];
    used.set(path, [...others, new WeakRef(policy)]);
  };

  const prune = async (): Promise<void> => {
    for (const path of used.keys()) if (!isUsed(path)) used.delete(path);
    const files = await listFiles(folder);
    for (const { path, ageMs } of files) if (path.endsWith('.tmp') && ageMs > ABANDONED_MS) await remove(path);
    const entries = files.filter(({ path }) => path.endsWith('.policy'));
    let totalBytes = 0;
    for (const { path, bytes } of entries.toSorted((a, b) => Number(isUsed(b.path)) - Number(isUsed(a.path)))) {
      totalBytes += bytes;
      // The next process must not take for old what this one loaded a month ago.
      if (isUsed(path)) await touch(path);
      else if (totalBytes > keptBytes) await remove(path);
    }
  };

  return {
    async load(digest) {
      const path = pathOf(digest);
      const entry = await readFile(path).catch(() => null);
      const policy = entry && decode(entry);
      if (policy?.digest !== digest) return null;
      use(path, policy);
      await touch(path);
      return policy;
    },
    // A full disk or a read-only folder costs time at the next start, nothing else: so it is no error.
    async store(policy) {
      const path = pathOf(policy.digest);
      const temporary = join(folder, `${randomUUID()}.tmp`);
      use(path, policy);
      try {
        const entry = encode(policy);
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, entry);
        await rename(temporary, path);
        storedBytes += entry.length;
      } catch {
        await remove(temporary);
        storedBytes = Number.POSITIVE_INFINITY;
      }
      // A thousand policies that are stored one after another need not be looked through a thousand times.
      if (storedBytes < keptBytes / 16) return;
      storedBytes = 0;
      await prune();
    },
  };
}

interface CacheFile {
  readonly path: string;
  readonly bytes: number;
  readonly ageMs: number;
}

/** @returns what is there, the youngest first; other processes may remove it at any time. */
async function listFiles(folder: string): Promise<readonly CacheFile[]> {
  const nowMs = Date.now();
  const names = await readdir(folder).catch(() => []);
  const files = await Promise.all(
    names.map(async (name) => {
      const path = join(folder, name);
      const found = await stat(path).catch(() => null);
      return found ? [{ path, bytes: found.size, ageMs: nowMs - found.mtimeMs }] : [];
    }),
  );
  return files.flat().toSorted((one, other) => one.ageMs - other.ageMs);
}

// A file that another process removed, or that it alone may change, is no error.
async function remove(path: string): Promise<void> {
  await rm(path, { force: true }).catch(() => undefined);
}

async function touch(path: string): Promise<void> {
  const now = new Date();
  try {
    const { mtimeMs } = await stat(path);
    if (now.getTime() - mtimeMs > USED_MS) await utimes(path, now, now);
  } catch {}
}

function encode({ digest, builtins, reads, data, wasm }: CompiledPolicy): Buffer {
  const covered = { digest, builtins: [...builtins], reads: [...reads], ...(data ? { data } : {}) };
  const header: Header = { checksum: checksumOf(covered, wasm), ...covered };
  return Buffer.concat([Buffer.from(`${JSON.stringify(header)}\n`), wasm]);
}

function decode(entry: Buffer): CompiledPolicy | null {
  const end = entry.indexOf(0x0a);
  if (end < 0) return null;
  const header = headerSchema.safeParse(parseJson(entry.toString('utf8', 0, end)));
  if (!header.success) return null;
  const { checksum, ...covered } = header.data;
  const wasm = new Uint8Array(entry.subarray(end + 1));
  return checksumOf(covered, wasm) === checksum ? { ...covered, wasm } : null;
}

function checksumOf({ digest, builtins, reads, data }: Omit<Header, 'checksum'>, wasm: Uint8Array): string {
  return createHash('sha256')
    .update(JSON.stringify([digest, builtins, reads, ...(data ? [data] : [])]))
    .update(wasm)
    .digest('hex');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
