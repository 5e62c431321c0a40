import { createHash } from 'node:crypto';

/** @returns what was written, and the digest that a policy can name. */
export function describeArchive(file: string, archive: Uint8Array): string {
  return `${file}: sha256:${createHash('sha256').update(archive).digest('hex')}, ${archive.length} bytes`;
}
