import { createPublicKey, type KeyObject } from 'node:crypto';
import { BundleError } from './bundle-error.ts';

const RSA = ['RS256', 'PS256', 'RS384', 'PS384', 'RS512', 'PS512'] as const;
const EC: Readonly<Record<string, readonly string[]>> = {
  prime256v1: ['ES256'],
  secp384r1: ['ES384'],
  secp521r1: ['ES512'],
};

/**
 * @returns the JWS algorithms that a key can be used with, the usual one first: a public key never checks a signature as
 *   if it were a shared secret
 */
export function algorithmsOf(key: KeyObject): readonly string[] {
  if (key.type === 'secret') return ['HS256', 'HS384', 'HS512'];
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return RSA;
    case 'ec':
      return EC[key.asymmetricKeyDetails?.namedCurve ?? ''] ?? [];
    case 'ed25519':
      return ['EdDSA'];
    default:
      return [];
  }
}

/**
 * @param pem a public key, such as `cosign.pub`, or a certificate; never a private key
 * @throws BundleError `invalid`
 */
export function parsePublicKey(pem: string): KeyObject {
  if (pem.includes('PRIVATE KEY'))
    throw new BundleError(
      'invalid',
      'a private key stands where a public key belongs: make a new pair, for others have seen it',
    );
  const key = readKey(pem);
  if (!key || algorithmsOf(key).length === 0)
    throw new BundleError('invalid', 'a public key is PEM, on P-256, P-384, P-521, Ed25519 or of RSA');
  return key;
}

function readKey(pem: string): KeyObject | null {
  try {
    return createPublicKey(pem);
  } catch {
    return null;
  }
}
