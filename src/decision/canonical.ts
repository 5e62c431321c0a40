import { createHash } from 'node:crypto';

/**
 * Renders a JSON value with sorted keys and no white space, so that equal values give equal bytes.
 * Numbers and strings are written as ECMAScript writes them (RFC 8785).
 */
export function renderCanonicalJson(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map((item) => renderCanonicalJson(item ?? null)).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const members = Object.entries(value)
    .filter(([, member]) => member !== undefined)
    .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
    .map(([key, member]) => `${JSON.stringify(key)}:${renderCanonicalJson(member)}`);
  return `{${members.join(',')}}`;
}

/** @returns `sha256:` and 64 hexadecimal digits, of the value's canonical JSON. */
export function digestOf(value: unknown): string {
  return `sha256:${createHash('sha256').update(renderCanonicalJson(value)).digest('hex')}`;
}
