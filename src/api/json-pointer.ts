/** @returns the JSON pointer (RFC 6901) with one segment more, whatever stands in its name. */
export function appendSegment(path: string, segment: string): string {
  return `${path}/${segment.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}
