import { constants, createPublicKey, type KeyObject, verify } from 'node:crypto';
import { z } from 'zod';
import { type EvidenceTrust, isNestedWithin, MAX_DEPTH, MAX_STATEMENT_BYTES } from '../api/index.ts';
import { digestBytes } from './canonical.ts';
import { describeIssues } from './describe-issues.ts';
import { encodeForSigning } from './dsse.ts';
import { publicKeyId } from './public-key-id.ts';

/** A statement about the version's artifact that somebody signed whom a policy trusts. */
export const Attestation = z
  .strictObject({
    /** The type of the entry in `spec.evidence`. */
    type: z.string(),
    predicateType: z.string(),
    predicate: z.unknown(),
    /** SHA-256 of the SPKI form of the public key that holds. */
    keyId: z.string(),
    /** The subject that is the version's artifact. */
    subject: z.strictObject({ name: z.string(), digest: z.string() }).readonly(),
    /** SHA-256 of the envelope. */
    digest: z.string(),
  })
  .readonly();
export type Attestation = z.infer<typeof Attestation>;

export type VerifiedStatement =
  | { readonly kind: 'verified'; readonly statement: Omit<Attestation, 'type'> }
  | { readonly kind: 'refused'; readonly problem: string };

interface Expected {
  /** Of the envelope; undefined where it stands in the spec itself. */
  readonly digest: string | undefined;
  /** `spec.artifact.digest`: the statement must be about it. */
  readonly artifactDigest: string | undefined;
  readonly keys: ReadonlyMap<string, KeyObject>;
  /** Of all statements of the version together; each check takes from it. Left out: as many as one version has. */
  readonly budget?: CheckBudget;
}

/** How often a signature may still be tried with a key: each costs up to half a millisecond, during which nothing else is decided. */
export interface CheckBudget {
  left: number;
}

/** Of one version: 16 statements with a signature each by 16 keys. */
const MOST_CHECKS = 256;

export function createCheckBudget(): CheckBudget {
  return { left: MOST_CHECKS };
}

const PAYLOAD_TYPE = 'application/vnd.in-toto+json';
const STATEMENT_TYPES = ['https://in-toto.io/Statement/v1', 'https://in-toto.io/Statement/v0.1'];

/** https://github.com/secure-systems-lab/dsse/blob/master/envelope.md; a key id is a hint, and anybody can write one. */
const Envelope = z.object({
  payloadType: z.string(),
  payload: z.base64(),
  signatures: z
    .array(z.object({ sig: z.base64() }))
    .min(1)
    .max(16),
});

/** https://github.com/in-toto/attestation/blob/main/spec/v1/statement.md */
const Statement = z.object({
  _type: z.enum(STATEMENT_TYPES),
  subject: z
    .array(z.object({ name: z.string().default(''), digest: z.object({ sha256: z.string().optional() }) }))
    .min(1),
  predicateType: z.string().min(1),
  predicate: z.unknown().optional(),
});

/**
 * Checks a DSSE envelope: its digest, a signature by one of the keys, and that its in-toto statement is about the
 * artifact. Only what all hold of is a fact; everything else is told.
 */
export function verifyAttestation(
  bytes: Uint8Array,
  { digest, artifactDigest, keys, budget = createCheckBudget() }: Expected,
): VerifiedStatement {
  const refused = (problem: string) => ({ kind: 'refused', problem }) as const;
  if (bytes.length > MAX_STATEMENT_BYTES)
    return refused(`it has ${bytes.length} bytes, and ${MAX_STATEMENT_BYTES} are the most`);
  const found = digestBytes(bytes);
  if (digest !== undefined && digest !== found) return refused(`its digest is ${found}, and ${digest} is asked for`);
  const envelope = Envelope.safeParse(parseJson(bytes));
  if (!envelope.success) return refused(`it is no DSSE envelope: ${describeIssues(envelope.error)}`);
  const { payloadType, payload, signatures } = envelope.data;
  if (payloadType !== PAYLOAD_TYPE) return refused(`its payloadType is ${payloadType}, and must be ${PAYLOAD_TYPE}`);
  const signed = encodeForSigning(payloadType, Buffer.from(payload, 'base64'));
  const keyId = findSigner(signed, signatures, keys, budget);
  if (keyId === undefined && budget.left === 0)
    return refused(
      `${MOST_CHECKS} times a signature of this version's evidence was tried with a key, and that is the most: give fewer signatures, or fewer statements`,
    );
  if (keyId === undefined) return refused('none of its signatures is by a key that a matching policy trusts');

  const statement = Statement.safeParse(parseJson(Buffer.from(payload, 'base64')));
  if (!statement.success) return refused(`its payload is no in-toto statement: ${describeIssues(statement.error)}`);
  if (artifactDigest === undefined)
    return refused('spec.artifact.digest is missing, so nothing says that the statement is about this version');
  const { subject: subjects, predicateType, predicate = {} } = statement.data;
  if (!isNestedWithin(predicate, MAX_DEPTH))
    return refused(`its predicate is nested more than ${MAX_DEPTH} levels deep`);
  const subject = subjects.find((candidate) => `sha256:${candidate.digest.sha256}` === artifactDigest);
  if (!subject) return refused(`it is about other artifacts: none of its subjects has the digest ${artifactDigest}`);
  return {
    kind: 'verified',
    statement: {
      predicateType,
      predicate,
      keyId,
      subject: { name: subject.name, digest: artifactDigest },
      digest: found,
    },
  };
}

/**
 * @returns the keys of several policies by key id; one that is too weak to prove anything, or so large that each check takes
 * long, is left out
 */
export function readEvidenceKeys(trusts: readonly (EvidenceTrust | undefined)[]): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>();
  for (const trust of trusts) {
    for (const { publicKey } of trust?.keys ?? []) {
      const key = createPublicKey(publicKey);
      if (isUsable(key)) keys.set(publicKeyId(key), key);
    }
  }
  return keys;
}

const RSA_BITS = { least: 2048, most: 4096 };
/** A larger one makes a check take four times as long, and proves nothing more. */
const RSA_MOST_EXPONENT = 65_537n;

function isUsable({ asymmetricKeyType, asymmetricKeyDetails = {} }: KeyObject): boolean {
  if (!asymmetricKeyType?.startsWith('rsa')) return true;
  const { modulusLength = 0, publicExponent = 0n } = asymmetricKeyDetails;
  return modulusLength >= RSA_BITS.least && modulusLength <= RSA_BITS.most && publicExponent <= RSA_MOST_EXPONENT;
}

function findSigner(
  signed: Uint8Array,
  signatures: readonly { readonly sig: string }[],
  keys: ReadonlyMap<string, KeyObject>,
  budget: CheckBudget,
): string | undefined {
  for (const [keyId, key] of keys) {
    for (const { sig } of signatures) {
      if (budget.left === 0) return undefined;
      budget.left--;
      if (holds(signed, key, Buffer.from(sig, 'base64'))) return keyId;
    }
  }
  return undefined;
}

function holds(signed: Uint8Array, key: KeyObject, signature: Uint8Array): boolean {
  switch (key.asymmetricKeyType) {
    case 'ed25519':
      return verify(null, signed, key, signature);
    case 'ec':
      return verify(key.asymmetricKeyDetails?.namedCurve === 'secp384r1' ? 'sha384' : 'sha256', signed, key, signature);
    case 'rsa': {
      const pss = { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: constants.RSA_PSS_SALTLEN_AUTO };
      return verify('sha256', signed, key, signature) || verify('sha256', signed, pss, signature);
    }
    default:
      return false;
  }
}

function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch {
    return undefined;
  }
}
