/** A JSON pointer (RFC 6901) to a value that is masked. A segment `*` stands for every member, or every element. */
export interface MaskPointer {
  /** Unescaped: `assent.dev/approve`, never `assent.dev~1approve`. */
  readonly segments: readonly string[];
}

export const ANY_MEMBER = '*';

/** Which record it is, of what, and what was masked in it: without these nobody could say what is missing. */
const IDENTITY = ['kind', 'id', 'modelVersion', 'masked'] as const;

/** A pointer that is none, or that points to what must stay. Its message says what would be right. */
export class MaskPointerError extends Error {
  override readonly name = 'MaskPointerError';
  readonly code = 'mask-pointer';
}

/**
 * Reads `/snapshot/modelVersion/spec/parameters/*`: `~1` is a slash within a segment, `~0` a tilde.
 *
 * @throws MaskPointerError
 */
export function parseMaskPointer(text: string): MaskPointer {
  if (!text.startsWith('/'))
    throw new MaskPointerError(`A JSON pointer begins with a slash, as in /snapshot/modelVersion/spec/parameters/*.`);
  if (/~(?![01])/.test(text))
    throw new MaskPointerError('In a JSON pointer a tilde is written ~0, and a slash within a name ~1.');
  const segments = text.slice(1).split('/').map(unescapeSegment);
  const kept = IDENTITY.find((name) => name === segments[0]);
  if (kept) throw new MaskPointerError(`/${kept} cannot be masked: it says which record this is.`);
  if (segments[0] === ANY_MEMBER)
    throw new MaskPointerError(
      `Name the first segment: /* would mask ${IDENTITY.join(', ')} too, which say which record this is.`,
    );
  return { segments };
}

function unescapeSegment(segment: string): string {
  // In this order: ~01 is ~1, not a slash.
  return segment.replaceAll('~1', '/').replaceAll('~0', '~');
}
