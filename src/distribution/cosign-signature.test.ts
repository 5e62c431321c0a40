import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { parseSigstoreBundle, parseSimpleSigning, signCosign, verifyCosign } from './cosign-signature.ts';
import { parsePublicKey } from './signature-keys.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const OTHER = `sha256:${'b'.repeat(64)}`;
const ours = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const theirs = generateKeyPairSync('ed25519');

function simple(digest: string, key: KeyObject) {
  const { payload, signature } = signCosign(digest, 'r.example/p', key);
  return parseSimpleSigning(payload, signature);
}

/** As cosign 3 writes it. */
function bundle(digest: string, predicateType = 'https://sigstore.dev/cosign/sign/v1') {
  const type = 'application/vnd.in-toto+json';
  const statement = { predicateType, subject: [{ digest: { sha256: digest.slice('sha256:'.length) } }] };
  const payload = Buffer.from(JSON.stringify(statement));
  const signed = Buffer.concat([Buffer.from(`DSSEv1 ${type.length} ${type} ${payload.length} `), payload]);
  const sig = sign('sha256', signed, ours.privateKey).toString('base64');
  const dsseEnvelope = { payload: payload.toString('base64'), payloadType: type, signatures: [{ sig }] };
  return parseSigstoreBundle(Buffer.from(JSON.stringify({ dsseEnvelope })));
}

const keys = [theirs.publicKey, ours.publicKey];
const refused = expect.objectContaining({ code: 'not-verified' });

describe('a cosign signature', () => {
  it('of either form holds for its manifest, by one of the keys', () => {
    verifyCosign(DIGEST, simple(DIGEST, ours.privateKey), keys);
    verifyCosign(DIGEST, simple(DIGEST, theirs.privateKey), keys);
    verifyCosign(DIGEST, [...simple(OTHER, ours.privateKey), ...bundle(DIGEST)], keys);
  });

  it('of cosign itself holds, in its old form and in the new one', () => {
    const read = (name: string) => readFileSync(join(import.meta.dirname, '..', '..', 'test', 'bundles', name));
    const key = parsePublicKey(read('cosign.pub').toString());
    const { payload, signature } = JSON.parse(read('cosign-old.json').toString());
    const old = parseSimpleSigning(Buffer.from(payload), signature);
    verifyCosign('sha256:bb82c28909ee2fd7d47a1edbbb590e010c2c6827b22779833ea505b9dc348d8d', old, [key]);
    const recent = parseSigstoreBundle(read('cosign-new.json'));
    verifyCosign('sha256:541d432cb4ae57075781c993d5376d69181be9327ce99d1ae770b2c8cbc9ecf2', recent, [key]);
    expect(() => verifyCosign(DIGEST, [...old, ...recent], [key])).toThrow(refused);
  });

  it.each([
    ['nobody made', []],
    ['is of another manifest', [...simple(OTHER, ours.privateKey), ...bundle(OTHER)]],
    ['is by another key', simple(DIGEST, generateKeyPairSync('ed25519').privateKey)],
    [
      'was moved to another manifest',
      bundle(OTHER).map((one) => ({ ...one, manifestDigest: DIGEST, signed: Buffer.from('x') })),
    ],
    ['is an attestation by the same key', bundle(DIGEST, 'https://slsa.dev/provenance/v1')],
    ['is not JSON', [...parseSimpleSigning(Buffer.from('{'), ''), ...parseSigstoreBundle(Buffer.from('{'))]],
    ['signs something else', parseSimpleSigning(Buffer.from('{"critical":{"type":"x"}}'), '')],
  ])('that %s does not hold', (_, signatures) => {
    expect(() => verifyCosign(DIGEST, signatures, keys)).toThrow(refused);
  });
});
