// The few encodings of ASN.1's DER (ITU-T X.690) that a certificate needs.

/** One element: tag, length, content. */
export function element(tag: number, ...contents: readonly Uint8Array[]): Buffer {
  const content = Buffer.concat(contents);
  return Buffer.concat([Buffer.from([tag, ...encodeLength(content.length)]), content]);
}

export const sequence = (...items: readonly Uint8Array[]) => element(0x30, ...items);
export const setOf = (item: Uint8Array) => element(0x31, item);
export const octetString = (content: Uint8Array) => element(0x04, content);
export const utf8String = (text: string) => element(0x0c, Buffer.from(text, 'utf8'));
export const boolean = (value: boolean) => element(0x01, Buffer.from([value ? 0xff : 0]));

/** `[n]`, explicit: wraps whole elements. */
export const tagged = (n: number, ...items: readonly Uint8Array[]) => element(0xa0 | n, ...items);

/** `[n]`, implicit, of a primitive type. */
export const taggedPrimitive = (n: number, content: Uint8Array) => element(0x80 | n, content);

/** A positive integer from its big-endian bytes. */
export function integer(bytes: Uint8Array): Buffer {
  const first = bytes[0] ?? 0;
  return element(0x02, first & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** A bit string from whole bytes, of which the last bits may be unused. */
export const bitString = (content: Uint8Array, unusedBits = 0) => element(0x03, Buffer.from([unusedBits]), content);

/** An object identifier from its dotted form. */
export function objectId(dotted: string): Buffer {
  const [first = 0, second = 0, ...rest] = dotted.split('.').map(Number);
  return element(0x06, Buffer.from([first * 40 + second, ...rest.flatMap(encodeBase128)]));
}

/** A time as RFC 5280, 4.1.2.5 wants it: with two digits for the year before 2050, with four from then on. */
export function time(date: Date): Buffer {
  const digits = `${date.toISOString().replace(/[-:T]/g, '').slice(0, 14)}Z`;
  return date.getUTCFullYear() < 2050
    ? element(0x17, Buffer.from(digits.slice(2), 'ascii'))
    : element(0x18, Buffer.from(digits, 'ascii'));
}

function encodeLength(length: number): number[] {
  if (length < 0x80) return [length];
  const bytes: number[] = [];
  for (let rest = length; rest > 0; rest >>= 8) bytes.unshift(rest & 0xff);
  return [0x80 | bytes.length, ...bytes];
}

function encodeBase128(value: number): number[] {
  const bytes = [value & 0x7f];
  for (let rest = value >> 7; rest > 0; rest >>= 7) bytes.unshift((rest & 0x7f) | 0x80);
  return bytes;
}
