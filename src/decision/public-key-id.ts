import type { KeyObject } from 'node:crypto';
import { digestBytes } from './canonical.ts';

/** @returns `sha256:` and the digest of the public key's SPKI form. */
export function publicKeyId(key: KeyObject): string {
  return digestBytes(key.export({ type: 'spki', format: 'der' }));
}
