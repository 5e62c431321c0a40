const MOST = 3;

/** @returns the names that somebody may have meant, nearest first: a few letters away, or beginning alike. */
export function nearNames(name: string, names: readonly string[]): readonly string[] {
  const most = Math.max(1, Math.floor(name.length / 3));
  return names
    .map((candidate) => ({ candidate, distance: measure(name.toLowerCase(), candidate.toLowerCase()) }))
    .filter(({ distance }) => distance <= most)
    .toSorted((a, b) => a.distance - b.distance || (a.candidate < b.candidate ? -1 : 1))
    .slice(0, MOST)
    .map(({ candidate }) => candidate);
}

function measure(name: string, candidate: string): number {
  if (candidate.startsWith(name)) return 0;
  return isReordered(name, candidate) ? 1 : countEdits(name, candidate);
}

function isReordered(name: string, candidate: string): boolean {
  return [...name].toSorted().join('') === [...candidate].toSorted().join('');
}

/** @returns how many letters have to be put in, taken away or changed (Levenshtein's distance). */
function countEdits(from: string, to: string): number {
  let previous = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [row, letter] of [...from].entries()) {
    const current = [row + 1];
    for (let column = 0; column < to.length; column++) {
      const kept = (previous[column] ?? 0) + (letter === to[column] ? 0 : 1);
      current.push(Math.min(kept, (previous[column + 1] ?? 0) + 1, (current[column] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[to.length] ?? 0;
}
