import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseSigstoreBundle, parseSimpleSigning, signCosign, verifyCosign } from './cosign-signature.ts';

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
