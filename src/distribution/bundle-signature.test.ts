import { createPublicKey, createSecretKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { CompactSign } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { readBundle, SIGNATURES_FILE } from './bundle.ts';
import { signBundle, verifyBundleSignature } from './bundle-signature.ts';
import { type BundleFiles, readArchive } from './read-archive.ts';
import { parsePublicKey } from './signature-keys.ts';

const folder = join(import.meta.dirname, '..', '..', 'test', 'bundles');
const read = (name: string): Buffer => readFileSync(join(folder, name));
const key = (name: string): KeyObject => parsePublicKey(read(name).toString());
const secret = createSecretKey(Buffer.from('sharedsecretsharedsecret'));

const refusal = (message: string) =>
  expect.objectContaining({ code: 'not-verified', message: expect.stringContaining(message) });
const withFile = (files: BundleFiles, path: string, content: string): BundleFiles =>
  new Map([...files, [path, Buffer.from(content)]]);
const without = (files: BundleFiles, path: string): BundleFiles =>
  new Map([...files].filter(([name]) => name !== path));

describe('a bundle that OPA built and signed', () => {
  it.each([
    ['opa-rs256.tar.gz', key('rs256.pub')],
    ['opa-es256-wasm.tar.gz', key('es256.pub')],
    ['opa-hs256.tar.gz', secret],
  ])('%s is verified, its data hashed as OPA does', async (name, signer) => {
    const files = await readArchive(read(name));
    await verifyBundleSignature(files, { keys: [generateKeyPairSync('ed25519').publicKey, signer] });
    expect(readBundle(files)).toMatchObject({ revision: 'r1', data: { parameters: { threshold: 0.9 } } });
  });

  it('is read with its policy.wasm', async () => {
    const { wasm, modules } = readBundle(await readArchive(read('opa-es256-wasm.tar.gz')));
    expect(wasm?.subarray(0, 4)).toEqual(Buffer.from('\0asm'));
    expect(Object.keys(modules)).toEqual(['p/policy.rego']);
  });

  it('is refused by another key, another scope, and without a signature', async () => {
    const files = await readArchive(read('opa-rs256.tar.gz'));
    const keys = [key('rs256.pub')];
    await expect(verifyBundleSignature(files, { keys: [key('es256.pub')] })).rejects.toEqual(
      refusal('none of the given keys'),
    );
    await expect(verifyBundleSignature(files, { keys, scope: 'write' })).rejects.toEqual(refusal("meant for scope ''"));
    const unsigned = without(files, SIGNATURES_FILE);
    await expect(verifyBundleSignature(unsigned, { keys })).rejects.toEqual(refusal('has no .signatures.json'));
  });

  it('is refused with a file changed, added or taken away', async () => {
    const files = await readArchive(read('opa-rs256.tar.gz'));
    const check = { keys: [key('rs256.pub')] };
    const rego = withFile(files, 'p/policy.rego', 'package approval\n\nallow contains "all"\n');
    await expect(verifyBundleSignature(rego, check)).rejects.toEqual(refusal('p/policy.rego is not what was signed'));
    const data = withFile(files, 'data.json', '{"parameters":{"threshold":0}}');
    await expect(verifyBundleSignature(data, check)).rejects.toEqual(refusal('data.json is not what was signed'));
    const more = withFile(files, 'more.rego', 'package approval\n\nallow contains "all"\n');
    await expect(verifyBundleSignature(more, check)).rejects.toEqual(refusal('does not cover more.rego'));
    await expect(verifyBundleSignature(without(files, 'data.json'), check)).rejects.toEqual(
      refusal('covers data.json'),
    );
  });
});

describe('a signature of ours', () => {
  let files: BundleFiles;
  beforeAll(async () => {
    files = without(await readArchive(read('opa-rs256.tar.gz')), SIGNATURES_FILE);
  });

  it.each([
    ['RSA', () => generateKeyPairSync('rsa', { modulusLength: 2048 })],
    ['P-256', () => generateKeyPairSync('ec', { namedCurve: 'P-256' })],
    ['P-384', () => generateKeyPairSync('ec', { namedCurve: 'P-384' })],
    ['Ed25519', () => generateKeyPairSync('ed25519')],
  ])('by a key of %s holds', async (_, generate) => {
    const { privateKey, publicKey } = generate();
    const signed = await signBundle(files, { key: privateKey, keyId: 'release', scope: 'production' });
    await verifyBundleSignature(signed, { keys: [publicKey], scope: 'production' });
  });

  it('by a shared secret that is the text of a public key is no signature of that key', async () => {
    const pem = read('es256.pub').toString();
    const forged = await signBundle(files, { key: createSecretKey(Buffer.from(pem)) });
    await expect(verifyBundleSignature(forged, { keys: [createPublicKey(pem)] })).rejects.toEqual(
      refusal('none of the given keys'),
    );
  });

  it('of algorithm none, of a weak hash, or twice, does not hold', async () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519');
    const check = { keys: [publicKey] };
    const none = `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from('{"files":[]}').toString('base64url')}.`;
    const write = (...signatures: string[]) => withFile(files, SIGNATURES_FILE, JSON.stringify({ signatures }));
    await expect(verifyBundleSignature(write(none), check)).rejects.toEqual(refusal('none of the given keys'));
    const weak = [...files.keys()].map((name) => ({ name, hash: '', algorithm: 'MD5' }));
    const token = await new CompactSign(Buffer.from(JSON.stringify({ files: weak })))
      .setProtectedHeader({ alg: 'EdDSA' })
      .sign(privateKey);
    await expect(verifyBundleSignature(write(token), check)).rejects.toEqual(refusal('is hashed by MD5'));
    await expect(verifyBundleSignature(write(token, token), check)).rejects.toEqual(refusal('exactly one'));
  });
});
