import { encodeBytes } from '../rego-bytes.ts';
import { RegoDecimal, RegoObject, RegoSet, type RegoValue } from '../rego-value.ts';
import { quote } from './go-quote.ts';

/** A value as OPA prints it, members and keys in OPA's order: `[1, "a"]`, `{"a": 1}`, `{1, 2}`, `set()`. */
export function renderRego(value: RegoValue): string {
  if (typeof value === 'string') return quote(value);
  if (value === null || typeof value !== 'object') return String(value);
  if (value instanceof RegoDecimal) return value.text;
  if (Array.isArray(value)) return `[${value.map(renderRego).join(', ')}]`;
  if (value instanceof RegoSet)
    return value.members.length === 0 ? 'set()' : `{${membersOf(value).map(renderRego).join(', ')}}`;
  return `{${entriesOf(value)
    .map(([key, item]) => `${renderRego(key)}: ${renderRego(item)}`)
    .join(', ')}}`;
}

// OPA's order of values: by type first, then by value.
function compareValues(one: RegoValue, other: RegoValue): number {
  const byType = rankOf(one) - rankOf(other);
  if (byType !== 0) return byType;
  // UTF-8 sorts by code point, UTF-16 does not.
  if (typeof one === 'string' && typeof other === 'string') return Buffer.compare(encodeBytes(one), encodeBytes(other));
  if (Array.isArray(one) && Array.isArray(other)) return compareLists(one, other);
  if (one instanceof RegoSet && other instanceof RegoSet) return compareLists(membersOf(one), membersOf(other));
  if (one instanceof RegoObject && other instanceof RegoObject)
    return compareLists(entriesOf(one).flat(), entriesOf(other).flat());
  const [a, b] = [toComparable(one), toComparable(other)];
  return a < b ? -1 : a > b ? 1 : 0;
}

function rankOf(value: RegoValue): number {
  if (value === null) return 0;
  if (typeof value === 'boolean') return 1;
  if (typeof value === 'bigint' || value instanceof RegoDecimal) return 2;
  if (typeof value === 'string') return 3;
  if (Array.isArray(value)) return 4;
  return value instanceof RegoObject ? 5 : 6;
}

function compareLists(one: readonly RegoValue[], other: readonly RegoValue[]): number {
  for (const [index, value] of one.entries()) {
    const counterpart = other[index];
    if (counterpart === undefined) return 1;
    const order = compareValues(value, counterpart);
    if (order !== 0) return order;
  }
  return one.length - other.length;
}

function toComparable(value: RegoValue): bigint | number {
  if (typeof value === 'bigint') return value;
  return value instanceof RegoDecimal ? Number(value.text) : Number(value === true);
}

function membersOf({ members }: RegoSet): RegoValue[] {
  return [...members].sort(compareValues);
}

function entriesOf({ entries }: RegoObject): (readonly [RegoValue, RegoValue])[] {
  return [...entries].sort(([one], [other]) => compareValues(one, other));
}
