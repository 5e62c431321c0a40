import { createHash, generateKeyPairSync, type KeyObject, sign } from 'node:crypto';

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** A pair of keys of an evaluation job. */
export interface Signer {
  readonly privateKey: KeyObject;
  /** PEM. */
  readonly publicKey: string;
}

type Kind = 'ed25519' | 'P-256' | 'P-384' | 'rsa' | 'rsa-1024';

export function aSigner(kind: Kind = 'ed25519'): Signer {
  const { privateKey, publicKey } = generate(kind);
  return { privateKey, publicKey: publicKey.export({ type: 'spki', format: 'pem' }).toString() };
}

function generate(kind: Kind) {
  if (kind === 'ed25519') return generateKeyPairSync('ed25519');
  if (kind === 'rsa' || kind === 'rsa-1024')
    return generateKeyPairSync('rsa', { modulusLength: kind === 'rsa' ? 2048 : 1024 });
  return generateKeyPairSync('ec', { namedCurve: kind });
}

interface StatementParts {
  readonly artifactDigest: string;
  readonly predicateType?: string;
  readonly predicate?: unknown;
  readonly payloadType?: string;
  readonly type?: string;
}

/** @returns a DSSE envelope with an in-toto statement, as an evaluation job would write it. */
export function signStatement(signer: Signer, parts: StatementParts): string {
  const statement = {
    _type: parts.type ?? 'https://in-toto.io/Statement/v1',
    subject: [{ name: 'model', digest: { sha256: parts.artifactDigest.slice('sha256:'.length) } }],
    predicateType: parts.predicateType ?? 'https://example.com/evaluation/v1',
    predicate: parts.predicate ?? { accuracy: 0.97 },
  };
  return wrap(signer, JSON.stringify(statement), parts.payloadType);
}

export function wrap({ privateKey }: Signer, text: string, payloadType = PAYLOAD_TYPE): string {
  const payload = Buffer.from(text);
  const signed = Buffer.concat([
    Buffer.from(`DSSEv1 ${Buffer.byteLength(payloadType)} ${payloadType} ${payload.length} `),
    payload,
  ]);
  const sig = sign(hashOf(privateKey), signed, privateKey).toString('base64');
  return JSON.stringify({ payloadType, payload: payload.toString('base64'), signatures: [{ keyid: 'a hint', sig }] });
}

function hashOf({ asymmetricKeyType, asymmetricKeyDetails }: KeyObject): string | null {
  if (asymmetricKeyType === 'ed25519') return null;
  return asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256';
}

export function sha256(text: string): string {
  return `sha256:${createHash('sha256').update(text).digest('hex')}`;
}
