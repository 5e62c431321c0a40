import { createHash, randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
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

export function createPolicyCache(folder: string): PolicyCache {
  const pathOf = (digest: string) => join(folder, `${digest.replace(/[^a-z0-9]/g, '-')}.policy`);
  return {
    async load(digest) {
      const entry = await readFile(pathOf(digest)).catch(() => null);
      const policy = entry && decode(entry);
      return policy?.digest === digest ? policy : null;
    },
    // A full disk or a read-only folder costs time at the next start, nothing else: so it is no error.
    async store(policy) {
      const temporary = join(folder, `${randomUUID()}.tmp`);
      try {
        await mkdir(folder, { recursive: true });
        await writeFile(temporary, encode(policy));
        await rename(temporary, pathOf(policy.digest));
      } catch {
        await rm(temporary, { force: true }).catch(() => undefined);
      }
    },
  };
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
