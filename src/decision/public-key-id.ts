import { createHash, type KeyObject } from 'node:crypto';

/** @returns `sha256:` and the digest of the public key's SPKI form. */
export function publicKeyId(key: KeyObject): string {
  return `sha256:${createHash('sha256')
    .update(key.export({ type: 'spki', format: 'der' }))
    .digest('hex')}`;
}
