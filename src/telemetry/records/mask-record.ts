import { appendSegment } from '../../api/index.ts';
import { ANY_MEMBER, type MaskPointer } from './mask-pointer.ts';
import type { AnyRecord } from './record-sink.ts';

const MASKED = '[masked]';

/**
 * Puts "[masked]" in place of what the pointers point to, and `masked` into the record: the places, as JSON pointers
 * without `*`. A record in which none of them points to anything stays as it is.
 */
export function maskRecord(record: AnyRecord, mask: readonly MaskPointer[]): AnyRecord {
  const hits = new Set<string>();
  let members = Object.entries(record);
  for (const { segments } of mask) members = members.map((member) => maskMember(member, segments, '', hits));
  if (hits.size === 0) return record;
  const { kind, id } = record;
  return { ...Object.fromEntries(members), kind, id, masked: [...hits] };
}

function maskMember(
  [name, value]: [string, unknown],
  [segment, ...rest]: readonly string[],
  path: string,
  hits: Set<string>,
): [string, unknown] {
  if (segment !== ANY_MEMBER && segment !== name) return [name, value];
  return [name, maskValue(value, rest, appendSegment(path, name), hits)];
}

function maskValue(value: unknown, segments: readonly string[], path: string, hits: Set<string>): unknown {
  if (segments.length === 0) {
    hits.add(path);
    return MASKED;
  }
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).map((member) => maskMember(member, segments, path, hits));
  return Array.isArray(value) ? members.map(([, element]) => element) : Object.fromEntries(members);
}
