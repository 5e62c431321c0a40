/** @returns for every field that is not as built, its path and what it is. */
export function explainDifferences(built: unknown, found: unknown, path: string): readonly string[] {
  if (Array.isArray(built) && Array.isArray(found)) {
    if (built.length !== found.length) return [`${path} has ${found.length} entries, not ${built.length}`];
    return built.flatMap((entry, index) => explainDifferences(entry, found[index], `${path}[${index}]`));
  }
  if (isRecord(built) && isRecord(found)) {
    const keys = new Set([...Object.keys(built), ...Object.keys(found)]);
    return [...keys].flatMap((key) => explainDifferences(built[key], found[key], `${path}.${key}`));
  }
  if (built === found) return [];
  if (built === undefined) return [`${path} was added`];
  if (found === undefined) return [`${path} was removed`];
  return [`${path} was changed`];
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
