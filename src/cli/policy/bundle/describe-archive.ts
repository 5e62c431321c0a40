import { digestBytes } from '../../../decision/index.ts';

/** @returns what was written, and the digest that a policy can name. */
export function describeArchive(file: string, archive: Uint8Array): string {
  return `${file}: ${digestBytes(archive)}, ${archive.length} bytes`;
}
