import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { BundleError } from './bundle-error.ts';

/** https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const COSIGN_SIGNATURE = 'dev.cosignproject.cosign/signature';
const PAYLOAD_TYPE = 'cosign container image signature';
/** What cosign 3 makes: https://github.com/sigstore/cosign/blob/main/specs/BUNDLE_SPEC.md */
export const SIGSTORE_BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';
const STATEMENT_TYPE = 'application/vnd.in-toto+json';
/** Of a signature, and of no attestation that the same key may have made. */
const SIGNATURE_PREDICATE = 'https://sigstore.dev/cosign/sign/v1';

/** A signature, and the manifest that it says it is of. */
export interface CosignSignature {
  readonly manifestDigest: string;
  /** What the key signed. */
  readonly signed: Uint8Array;
  readonly signature: Uint8Array;
}

const Payload = z.object({
  critical: z.object({
    type: z.literal([PAYLOAD_TYPE, SIGNATURE_PREDICATE]),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});
const SigstoreBundle = z.object({
  dsseEnvelope: z.object({
    payload: z.base64(),
    payloadType: z.literal(STATEMENT_TYPE),
    signatures: z.array(z.object({ sig: z.base64() })).max(16),
  }),
});
const Statement = z.object({
  predicateType: z.literal(SIGNATURE_PREDICATE),
  subject: z.array(z.object({ digest: z.object({ sha256: z.string() }) })).max(16),
});

/** @returns the tag under which cosign 1 and 2 keep the signatures of a manifest. */
export function cosignTag(manifestDigest: string): string {
  return `${manifestDigest.replace(':', '-')}.sig`;
}

/**
 * Checks that one of the signatures is one of this manifest, by one of the keys.
 *
 * @throws BundleError `not-verified`
 */
export function verifyCosign(
  manifestDigest: string,
  signatures: readonly CosignSignature[],
  keys: readonly KeyObject[],
): void {
  if (signatures.length === 0)
    throw new BundleError(
      'not-verified',
      `nobody signed ${manifestDigest}: there is no cosign signature beside it (cosign sign --key)`,
    );
  const holds = signatures.some(
    ({ manifestDigest: of, signed, signature }) =>
      of === manifestDigest && keys.some((key) => verify(digestFor(key), signed, key, signature)),
  );
  if (!holds)
    throw new BundleError('not-verified', `no cosign signature of ${manifestDigest} is by one of the given keys`);
}

/** @returns the payload of a signature, as `cosign sign --key` makes it, and the signature in base64. */
export function signCosign(
  manifestDigest: string,
  repository: string,
  key: KeyObject,
): { readonly payload: Buffer; readonly signature: string } {
  const payload = Buffer.from(
    JSON.stringify({
      critical: {
        identity: { 'docker-reference': repository },
        image: { 'docker-manifest-digest': manifestDigest },
        type: PAYLOAD_TYPE,
      },
      optional: null,
    }),
  );
  return { payload, signature: sign(digestFor(key), payload, key).toString('base64') };
}

/** @returns nothing where it is no signature of a manifest */
export function parseSimpleSigning(payload: Buffer, signature: string): readonly CosignSignature[] {
  const parsed = Payload.safeParse(parseJson(payload)).data;
  if (!parsed) return [];
  const manifestDigest = parsed.critical.image['docker-manifest-digest'];
  return [{ manifestDigest, signed: payload, signature: Buffer.from(signature, 'base64') }];
}

/** @returns nothing where it is no signature of a manifest, such as an attestation */
export function parseSigstoreBundle(bytes: Buffer): readonly CosignSignature[] {
  const envelope = SigstoreBundle.safeParse(parseJson(bytes)).data?.dsseEnvelope;
  if (!envelope) return [];
  const payload = Buffer.from(envelope.payload, 'base64');
  const subjects = Statement.safeParse(parseJson(payload)).data?.subject ?? [];
  // https://github.com/secure-systems-lab/dsse/blob/master/protocol.md
  const { payloadType } = envelope;
  const header = `DSSEv1 ${payloadType.length} ${payloadType} ${payload.length} `;
  const signed = Buffer.concat([Buffer.from(header), payload]);
  return subjects.flatMap(({ digest: { sha256 } }) =>
    envelope.signatures.map(({ sig }) => ({
      manifestDigest: `sha256:${sha256}`,
      signed,
      signature: Buffer.from(sig, 'base64'),
    })),
  );
}

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return undefined;
  }
}
