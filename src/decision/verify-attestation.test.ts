import { createPublicKey } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { aSigner, type Signer, sha256, signStatement, wrap } from '../../test/sign-statement.ts';
import { readEvidenceKeys, verifyAttestation } from './verify-attestation.ts';

const ARTIFACT = sha256('model weights');
const SIGNER = aSigner();

const keysOf = (...signers: readonly Signer[]) =>
  readEvidenceKeys([{ keys: signers.map(({ publicKey }, at) => ({ name: `key ${at}`, publicKey })) }]);

const verify = (
  envelope: string,
  expected: { digest?: string; artifactDigest?: string | undefined; keys?: Signer[] } = {},
) =>
  verifyAttestation(Buffer.from(envelope), {
    digest: expected.digest,
    artifactDigest: 'artifactDigest' in expected ? expected.artifactDigest : ARTIFACT,
    keys: keysOf(...(expected.keys ?? [SIGNER])),
  });

const refused = (problem: string) => ({ kind: 'refused', problem: expect.stringContaining(problem) });

test.for(['ed25519', 'P-256', 'P-384', 'rsa'] as const)('a statement signed with %s is a fact', (kind) => {
  const signer = aSigner(kind);
  const envelope = signStatement(signer, { artifactDigest: ARTIFACT, predicate: { accuracy: 0.97 } });
  expect(verify(envelope, { keys: [SIGNER, signer], digest: sha256(envelope) })).toEqual({
    kind: 'verified',
    statement: {
      predicateType: 'https://example.com/evaluation/v1',
      predicate: { accuracy: 0.97 },
      keyId: [...keysOf(signer).keys()][0],
      subject: { name: 'model', digest: ARTIFACT },
      digest: sha256(envelope),
    },
  });
});

describe('nothing is a fact that', () => {
  const good = signStatement(SIGNER, { artifactDigest: ARTIFACT });

  test('somebody else has signed, whatever key it names', () => {
    const other = aSigner();
    expect(verify(signStatement(other, { artifactDigest: ARTIFACT }))).toEqual(refused('none of its signatures'));
  });

  test('was changed after it was signed', () => {
    const envelope = JSON.parse(good);
    const statement = JSON.parse(Buffer.from(envelope.payload, 'base64').toString('utf8'));
    const better = { ...statement, predicate: { accuracy: 1 } };
    const payload = Buffer.from(JSON.stringify(better)).toString('base64');
    expect(verify(JSON.stringify({ ...envelope, payload }))).toEqual(refused('none of its signatures'));
  });

  test('is about another artifact', () => {
    const envelope = signStatement(SIGNER, { artifactDigest: sha256('other weights') });
    expect(verify(envelope)).toEqual(refused('about other artifacts'));
  });

  test('is about a version that does not say which artifact it is', () => {
    expect(verify(good, { artifactDigest: undefined })).toEqual(refused('spec.artifact.digest is missing'));
  });

  test('is not what the digest names', () => {
    expect(verify(good, { digest: sha256('other') })).toEqual(refused(`${sha256('other')} is asked for`));
  });

  test('was signed for another purpose', () => {
    const envelope = signStatement(SIGNER, { artifactDigest: ARTIFACT, payloadType: 'text/plain' });
    expect(verify(envelope)).toEqual(refused('payloadType'));
  });

  test('is no statement of a kind that is known', () => {
    expect(verify(signStatement(SIGNER, { artifactDigest: ARTIFACT, type: 'https://in-toto.io/Link/v1' }))).toEqual(
      refused('no in-toto statement'),
    );
    expect(verify(wrap(SIGNER, '[]'))).toEqual(refused('no in-toto statement'));
  });

  test('is no envelope', () => {
    for (const text of ['', '{', '[]', '{"payload":"!"}', JSON.stringify({ ...JSON.parse(good), signatures: [] })])
      expect(verify(text)).toEqual(refused('no DSSE envelope'));
  });

  test('is larger than a statement may be', () => {
    const envelope = signStatement(SIGNER, { artifactDigest: ARTIFACT, predicate: 'x'.repeat(64 * 1024) });
    expect(verify(envelope)).toEqual(refused('are the most'));
  });

  test('is nested deeper than anybody can walk', () => {
    // Made by hand: what is nested so deep, Node itself does not render.
    const predicate = `${'['.repeat(5_000)}${']'.repeat(5_000)}`;
    const subject = `[{"name":"model","digest":{"sha256":"${ARTIFACT.slice('sha256:'.length)}"}}]`;
    const type = '"_type":"https://in-toto.io/Statement/v1","predicateType":"deep"';
    const statement = `{${type},"subject":${subject},"predicate":${predicate}}`;
    expect(verify(wrap(SIGNER, statement))).toEqual(refused('levels deep'));
  });

  test('is signed with a key that is too short', () => {
    const weak = aSigner('rsa-1024');
    expect(verify(signStatement(weak, { artifactDigest: ARTIFACT }), { keys: [weak] })).toEqual(
      refused('none of its signatures'),
    );
  });
});

test.for([
  [4096, 'AQAB', 1],
  [4104, 'AQAB', 0],
  [16_384, 'AQAB', 0],
  [2048, 'AQAD', 0],
] as const)(
  'an RSA key of %i bits with the exponent %s, of which each check may take long, counts as %i',
  ([bits, e, count]) => {
    const modulus = Buffer.alloc(bits / 8, 0xff);
    const key = createPublicKey({ key: { kty: 'RSA', n: modulus.toString('base64url'), e }, format: 'jwk' });
    const publicKey = key.export({ type: 'spki', format: 'pem' }).toString();
    expect(readEvidenceKeys([{ keys: [{ name: 'large', publicKey }] }]).size).toBe(count);
  },
);
