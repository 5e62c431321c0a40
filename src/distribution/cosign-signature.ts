import { type KeyObject, sign, verify } from 'node:crypto';
import { z } from 'zod';
import { BundleError } from './bundle-error.ts';

/** https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md */
export const SIMPLE_SIGNING = 'application/vnd.dev.cosign.simplesigning.v1+json';
export const COSIGN_SIGNATURE = 'dev.cosignproject.cosign/signature';
const PAYLOAD_TYPE = 'cosign container image signature';

const Payload = z.object({
  critical: z.object({
    type: z.literal([PAYLOAD_TYPE, 'https://sigstore.dev/cosign/sign/v1']),
    image: z.object({ 'docker-manifest-digest': z.string() }),
  }),
});

/** One layer of a signature's manifest. */
export interface CosignSignature {
  readonly payload: Uint8Array;
  /** base64 */
  readonly signature: string;
}

/** @returns the tag under which cosign keeps the signatures of a manifest. */
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
      `nobody signed ${manifestDigest}: there is no tag ${cosignTag(manifestDigest)} beside it (cosign sign --key)`,
    );
  const holds = signatures.some(
    ({ payload, signature }) =>
      keys.some((key) => verify(digestFor(key), payload, key, Buffer.from(signature, 'base64'))) &&
      digestIn(payload) === manifestDigest,
  );
  if (!holds)
    throw new BundleError('not-verified', `no cosign signature of ${manifestDigest} is by one of the given keys`);
}

/** @returns a signature of the manifest, as `cosign sign --key` makes it. */
export function signCosign(manifestDigest: string, repository: string, key: KeyObject): CosignSignature {
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

function digestFor(key: KeyObject): string | null {
  return key.asymmetricKeyType === 'ed25519' ? null : 'sha256';
}

function digestIn(payload: Uint8Array): string | undefined {
  try {
    return Payload.safeParse(JSON.parse(Buffer.from(payload).toString('utf8'))).data?.critical.image[
      'docker-manifest-digest'
    ];
  } catch {
    return undefined;
  }
}
