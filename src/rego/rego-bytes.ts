import { isUtf8 } from 'node:buffer';

/**
 * A string of Rego is bytes, which need not be UTF-8. In JavaScript each byte that is no part of a character is a lone
 * surrogate, U+DC80 to U+DCFF, so that nothing is lost on the way (PEP 383 does the same).
 */
export function decodeBytes(bytes: Uint8Array): string {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (isUtf8(buffer)) return buffer.toString('utf8');
  return buffer
    .toString('latin1')
    .replaceAll(beyondAscii, (part) =>
      part.length === 1
        ? String.fromCharCode(strayBase + part.charCodeAt(0))
        : Buffer.from(part, 'latin1').toString('utf8'),
    );
}

/** The bytes of a string. */
export function encodeBytes(text: string): Buffer {
  if (text.isWellFormed()) return Buffer.from(text);
  return Buffer.concat(
    text
      .split(/([\udc80-\udcff])/u)
      .map((part) => (stray.test(part) ? Buffer.from([part.charCodeAt(0) - strayBase]) : Buffer.from(part))),
  );
}

const strayBase = 0xdc00;
const stray = /^[\udc80-\udcff]$/u;
// What Unicode calls well-formed beyond ASCII (table 3-7 of the standard), or else one byte.
const beyondAscii =
  /[\u00c2-\u00df][\u0080-\u00bf]|\u00e0[\u00a0-\u00bf][\u0080-\u00bf]|[\u00e1-\u00ec\u00ee\u00ef][\u0080-\u00bf]{2}|\u00ed[\u0080-\u009f][\u0080-\u00bf]|\u00f0[\u0090-\u00bf][\u0080-\u00bf]{2}|[\u00f1-\u00f3][\u0080-\u00bf]{3}|\u00f4[\u0080-\u008f][\u0080-\u00bf]{2}|[\u0080-\u00ff]/g;
