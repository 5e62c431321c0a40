/** Deeper values end whatever walks through them, in Node as in OPA. */
export const MAX_DEPTH = 64;

/** @returns whether no array or object of the value lies deeper; level by level, so that no depth is too deep for it. */
export function isNestedWithin(value: unknown, levels: number): boolean {
  let level: readonly unknown[] = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > levels) return false;
    level = level
      .filter((item) => typeof item === 'object' && item !== null)
      .flatMap((item) => Object.values(Object(item)));
  }
  return true;
}
