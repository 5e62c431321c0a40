import type { KeyObject } from 'node:crypto';
import { CompactSign, compactVerify } from 'jose';
import { z } from 'zod';
import { SIGNATURES_FILE } from './bundle.ts';
import { BundleError } from './bundle-error.ts';
import { hashFile } from './hash-file.ts';
import type { BundleFiles } from './read-archive.ts';
import { algorithmsOf } from './signature-keys.ts';

/** OPA's names of the hashes that are good enough, and Node's. */
const HASHES: Readonly<Record<string, string>> = {
  'SHA-256': 'sha256',
  'SHA-384': 'sha384',
  'SHA-512': 'sha512',
  'SHA-512-256': 'sha512-256',
};

/** What OPA itself signs with. */
const OPA_PLUGIN = '_default';

/** https://www.openpolicyagent.org/docs/management-bundles#signature-format */
const Signatures = z.object({ signatures: z.array(z.string()), plugin: z.string().optional() });
const SignedFiles = z.object({
  files: z.array(z.object({ name: z.string(), hash: z.string(), algorithm: z.string() })),
  scope: z.string().default(''),
});

export interface BundleSignatureCheck {
  /** One of them must have signed. */
  readonly keys: readonly KeyObject[];
  /** What the signature must be meant for; no scope where it is left out. */
  readonly scope?: string | undefined;
}

/**
 * Checks OPA's `.signatures.json`: that a given key signed it, and that the bundle holds exactly the files that it names.
 *
 * @throws BundleError `not-verified` or `malformed`
 */
export async function verifyBundleSignature(
  files: BundleFiles,
  { keys, scope = '' }: BundleSignatureCheck,
): Promise<void> {
  const token = readToken(files);
  const payload = SignedFiles.safeParse(parseJson(await verifyToken(token, keys)));
  if (!payload.success) throw notVerified(`what it signs is no list of files`);
  if (payload.data.scope !== scope)
    throw notVerified(`it is meant for scope '${payload.data.scope}', and verify.bundle.scope says '${scope}'`);
  const signed = new Map(payload.data.files.map((file) => [file.name.replace(/^\/+/, ''), file]));
  for (const [path, content] of files) {
    if (path === SIGNATURES_FILE) continue;
    const file = signed.get(path);
    if (!file) throw notVerified(`it does not cover ${path}`);
    const algorithm = Object.hasOwn(HASHES, file.algorithm) ? HASHES[file.algorithm] : undefined;
    if (!algorithm) throw notVerified(`${path} is hashed by ${file.algorithm}; use SHA-256`);
    if (hash(path, content, algorithm) !== file.hash.toLowerCase()) throw notVerified(`${path} is not what was signed`);
    signed.delete(path);
  }
  const [missing] = signed.keys();
  if (missing !== undefined) throw notVerified(`it covers ${missing}, which the bundle does not hold`);
}

interface BundleSigning {
  /** A private key, or a shared secret. */
  readonly key: KeyObject;
  readonly keyId?: string | undefined;
  readonly scope?: string | undefined;
}

/** @returns the bundle with a `.signatures.json` over all its files, in place of one that it may have. */
export async function signBundle(files: BundleFiles, { key, keyId, scope }: BundleSigning): Promise<BundleFiles> {
  const covered = [...files].filter(([path]) => path !== SIGNATURES_FILE);
  const payload = {
    files: covered.map(([name, content]) => ({ name, hash: hash(name, content, 'sha256'), algorithm: 'SHA-256' })),
    ...(keyId ? { keyid: keyId } : {}),
    ...(scope ? { scope } : {}),
  };
  const [alg = ''] = algorithmsOf(key);
  const token = await new CompactSign(Buffer.from(JSON.stringify(payload)))
    .setProtectedHeader({ alg, ...(keyId ? { kid: keyId } : {}) })
    .sign(key);
  return new Map([...covered, [SIGNATURES_FILE, Buffer.from(JSON.stringify({ signatures: [token] }))]]);
}

function readToken(files: BundleFiles): string {
  const content = files.get(SIGNATURES_FILE);
  if (!content)
    throw new BundleError('not-verified', `the bundle has no ${SIGNATURES_FILE}: sign it, or leave out verify.bundle`);
  const parsed = Signatures.safeParse(parseJson(content));
  const [token] = parsed.data?.signatures ?? [];
  if (token === undefined || parsed.data?.signatures.length !== 1 || (parsed.data.plugin ?? OPA_PLUGIN) !== OPA_PLUGIN)
    throw notVerified('it must hold exactly one signature, of no plugin');
  return token;
}

/** Each given key is trusted, so the key id in a signature is not asked; a key's kind says which algorithms it may. */
async function verifyToken(token: string, keys: readonly KeyObject[]): Promise<Uint8Array> {
  for (const key of keys) {
    try {
      return (await compactVerify(token, key, { algorithms: [...algorithmsOf(key)] })).payload;
    } catch {
      // Whatever went wrong with this key, it did not sign.
    }
  }
  throw notVerified('none of the given keys made it');
}

function hash(path: string, content: Buffer, algorithm: string): string {
  try {
    return hashFile(path, content, algorithm);
  } catch (cause) {
    throw new BundleError('malformed', `${path} is neither JSON nor YAML`, { cause });
  }
}

function parseJson(content: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(content).toString('utf8'));
  } catch {
    return undefined;
  }
}

function notVerified(why: string): BundleError {
  return new BundleError('not-verified', `the signature in ${SIGNATURES_FILE} does not hold: ${why}`);
}
