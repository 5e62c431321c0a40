import { parseRegoValue, RegoDecimal, RegoObject, RegoSet, type RegoValue } from '../../src/rego/rego-value.ts';

/** Reads a value as Rego prints it: as JSON, with sets, any keys, and Go's escapes. */
export function parsePrinted(text: string): RegoValue {
  return parseRegoValue(text.replaceAll(/\\(x[0-9a-f]{2}|U[0-9a-f]{8}|.)/gs, toJsonEscape));
}

function toJsonEscape(escaped: string, code: string): string {
  if (code === 'a') return '\\u0007';
  if (code === 'v') return '\\u000b';
  if (code.length === 3) return `\\u00${code.slice(1)}`;
  return code.length === 9 ? String.fromCodePoint(Number.parseInt(code.slice(1), 16)) : escaped;
}

/** How two values are compared. */
export interface Comparison {
  /** As OPA's cases compare, which are JSON: where an array is wanted a set will do, and every key is text. */
  asJson: boolean;
  /** How many digits of a number count. */
  digits: number;
}

/** More digits than any number has: none is rounded. */
export const exactDigits = 1_000;

/** Whether the values are equal, however their numbers are written. */
export function matches(found: RegoValue, wanted: RegoValue, how: Comparison): boolean {
  if (isNumber(found) && isNumber(wanted)) return writeNumber(found, how.digits) === writeNumber(wanted, how.digits);
  if (found === null || wanted === null || typeof found !== 'object' || typeof wanted !== 'object')
    return found === wanted;
  if (found instanceof RegoObject) return wanted instanceof RegoObject && objectsMatch(found, wanted, how);
  if (found instanceof RegoSet) {
    const members = wanted instanceof RegoSet ? wanted.members : how.asJson && Array.isArray(wanted) ? wanted : null;
    return members !== null && matchInAnyOrder(found.members, members, (one, other) => matches(one, other, how));
  }
  if (!Array.isArray(found) || !Array.isArray(wanted) || found.length !== wanted.length) return false;
  return found.every((item, index) => matches(item, wanted[index] ?? null, how));
}

/** Whether each of one is a partner of exactly one of the others. */
export function matchInAnyOrder<T>(
  found: readonly T[],
  wanted: readonly T[],
  partners: (one: T, other: T) => boolean,
): boolean {
  const left = [...wanted];
  for (const one of found) {
    const at = left.findIndex((other) => partners(one, other));
    if (at < 0) return false;
    left.splice(at, 1);
  }
  return left.length === 0;
}

function objectsMatch(found: RegoObject, wanted: RegoObject, how: Comparison): boolean {
  return matchInAnyOrder(
    found.entries,
    wanted.entries,
    ([key, value], [wantedKey, wantedValue]) =>
      (how.asJson ? writeKey(key) === writeKey(wantedKey) : matches(key, wantedKey, how)) &&
      matches(value, wantedValue, how),
  );
}

// As Go makes JSON of it.
function writeKey(key: RegoValue): string {
  return typeof key === 'string' ? key : writeJson(key);
}

function writeJson(value: RegoValue): string {
  if (value instanceof RegoDecimal) return value.text;
  if (value instanceof RegoSet) return writeJson([...value.members]);
  if (value === null || typeof value !== 'object')
    return typeof value === 'bigint' ? value.toString() : JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(writeJson).join()}]`;
  return `{${value.entries.map(([key, item]) => `${JSON.stringify(writeKey(key))}:${writeJson(item)}`).join()}}`;
}

function isNumber(value: RegoValue): value is bigint | RegoDecimal {
  return typeof value === 'bigint' || value instanceof RegoDecimal;
}

/** One text for each number: 10, 1e1 and 10.0 are one. */
function writeNumber(number: bigint | RegoDecimal, digits: number): string {
  const text = number instanceof RegoDecimal ? number.text : number.toString();
  if (digits < exactDigits) return Number(text).toPrecision(digits);
  const [, sign = '', whole = '', fraction = '', exponent = '0'] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const significant = `${whole}${fraction}`.replace(/0+$/, '');
  const trailing = whole.length + fraction.length - significant.length;
  const leading = significant.replace(/^0+/, '');
  return leading === '' ? '0' : `${sign}${leading}e${Number(exponent) - fraction.length + trailing}`;
}
