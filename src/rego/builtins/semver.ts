import type { BuiltinTable } from './builtin.ts';
import { stringOperand } from './operands.ts';

/** Semantic versions, https://semver.org; as in OPA a leading `v` is allowed. */
export const semverBuiltins: BuiltinTable = {
  'semver.is_valid': (version) => typeof version === 'string' && parseVersion(version) !== null,
  'semver.compare': (one, other) => {
    const [a, b] = [parseVersion(stringOperand(one)), parseVersion(stringOperand(other))];
    return a && b ? BigInt(compareVersions(a, b)) : undefined;
  },
};

interface Version {
  numbers: readonly bigint[];
  preRelease: string;
}

const identifiers = /^[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*$/;
const numeric = /^(0|[1-9]\d*)$/;
const maximumNumber = 2n ** 63n - 1n;

function parseVersion(text: string): Version | null {
  const [withoutMetadata, metadata] = cut(text.replace(/^v/, ''), '+');
  const [core, preRelease] = cut(withoutMetadata, '-');
  if (metadata !== null && !identifiers.test(metadata)) return null;
  if (preRelease !== null && (!identifiers.test(preRelease) || hasLeadingZero(preRelease))) return null;
  const parts = core.split('.');
  if (parts.length !== 3 || !parts.every((part) => numeric.test(part))) return null;
  const numbers = parts.map(BigInt);
  return numbers.every((number) => number <= maximumNumber) ? { numbers, preRelease: preRelease ?? '' } : null;
}

function cut(text: string, separator: string): [string, string | null] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, null] : [text.slice(0, at), text.slice(at + 1)];
}

function hasLeadingZero(preRelease: string): boolean {
  return preRelease.split('.').some((identifier) => /^0\d+$/.test(identifier));
}

function compareVersions(one: Version, other: Version): number {
  for (const [index, number] of one.numbers.entries()) {
    const order = compare(number, other.numbers[index] ?? 0n);
    if (order !== 0) return order;
  }
  if (one.preRelease === other.preRelease) return 0;
  // A release is greater than its pre-releases.
  if (one.preRelease === '' || other.preRelease === '') return one.preRelease === '' ? 1 : -1;
  return comparePreReleases(one.preRelease.split('.'), other.preRelease.split('.'));
}

function comparePreReleases(one: readonly string[], other: readonly string[]): number {
  for (const [index, identifier] of one.entries()) {
    const counterpart = other[index];
    if (counterpart === undefined) return 1;
    const order = compareIdentifiers(identifier, counterpart);
    if (order !== 0) return order;
  }
  return compare(one.length, other.length);
}

function compareIdentifiers(one: string, other: string): number {
  const [isNumber, otherIsNumber] = [/^\d+$/.test(one), /^\d+$/.test(other)];
  if (isNumber !== otherIsNumber) return isNumber ? -1 : 1;
  return isNumber ? compare(BigInt(one), BigInt(other)) : compare(one, other);
}

function compare<T extends bigint | number | string>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}
