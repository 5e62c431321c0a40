import { createHash } from 'node:crypto';

/**
 * Renders a JSON value with sorted keys and no white space, so that equal values give equal bytes.
 * Numbers and strings are written as ECMAScript writes them (RFC 8785).
 */
export function renderCanonicalJson(value: unknown): string {
  if (!isObject(value)) return JSON.stringify(value) ?? 'null';
  let members = '';
  // Plain loops: every decision renders some ten values, and a policy's impact is asked of a hundred thousand versions.
  if (Array.isArray(value)) {
    for (const item of value) members += `${members === '' ? '' : ','}${renderCanonicalJson(item ?? null)}`;
    return `[${members}]`;
  }
  for (const key of Object.keys(value).sort()) {
    const member = value[key];
    if (member === undefined) continue;
    members += `${members === '' ? '' : ','}${JSON.stringify(key)}:${renderCanonicalJson(member)}`;
  }
  return `{${members}}`;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}

/** @returns `sha256:` and 64 hexadecimal digits, of the value's canonical JSON. */
export function digestOf(value: unknown): string {
  return digestBytes(renderCanonicalJson(value));
}

const digests = new WeakMap<object, string>();

/**
 * @param value never changes
 * @returns as `digestOf`: once for each object, for the data of a policy may be a megabyte, which takes a tenth of a second,
 * and a thousand versions are judged by it
 */
export function digestOnce(value: object): string {
  const digest = digests.get(value) ?? digestOf(value);
  digests.set(value, digest);
  return digest;
}

/** @returns `sha256:` and 64 hexadecimal digits. */
export function digestBytes(bytes: Uint8Array | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
