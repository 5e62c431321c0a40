const CONTEXT = 3;

interface Line {
  readonly mark: ' ' | '-' | '+';
  readonly text: string;
}

/** @returns a unified diff of two texts; empty where they are equal. */
export function renderDiff(file: string, before: string, after: string): string {
  const lines = compareLines(before.split('\n'), after.split('\n'));
  const hunks = findHunks(lines);
  if (hunks.length === 0) return '';
  return `--- ${file}\n+++ ${file}\n${hunks.map(([start, end]) => renderHunk(lines, start, end)).join('')}`;
}

/** The longest common subsequence: sources are small enough for a table. */
function compareLines(before: readonly string[], after: readonly string[]): readonly Line[] {
  const lengths = Array.from({ length: before.length + 1 }, () => new Uint32Array(after.length + 1));
  const at = (row: number, column: number) => lengths[row]?.[column] ?? 0;
  for (let row = before.length - 1; row >= 0; row--)
    for (let column = after.length - 1; column >= 0; column--) {
      const length =
        before[row] === after[column]
          ? at(row + 1, column + 1) + 1
          : Math.max(at(row + 1, column), at(row, column + 1));
      lengths[row]?.fill(length, column, column + 1);
    }
  const lines: Line[] = [];
  let [row, column] = [0, 0];
  while (row < before.length || column < after.length) {
    const [removed, added] = [before[row], after[column]];
    if (removed !== undefined && removed === added) {
      lines.push({ mark: ' ', text: removed });
      row++;
      column++;
    } else if (removed !== undefined && (added === undefined || at(row + 1, column) >= at(row, column + 1))) {
      lines.push({ mark: '-', text: removed });
      row++;
    } else {
      lines.push({ mark: '+', text: added ?? '' });
      column++;
    }
  }
  return lines;
}

/** @returns where changes and the lines around them begin and end. */
function findHunks(lines: readonly Line[]): readonly (readonly [start: number, end: number])[] {
  const hunks: [number, number][] = [];
  for (const [index, { mark }] of lines.entries()) {
    if (mark === ' ') continue;
    const [start, end] = [Math.max(0, index - CONTEXT), Math.min(lines.length, index + CONTEXT + 1)];
    const last = hunks.at(-1);
    if (last && start <= last[1]) last[1] = end;
    else hunks.push([start, end]);
  }
  return hunks;
}

function renderHunk(lines: readonly Line[], start: number, end: number): string {
  const shown = lines.slice(start, end);
  const count = (of: readonly Line[], mark: '-' | '+') =>
    of.filter((line) => line.mark === mark || line.mark === ' ').length;
  const range = (mark: '-' | '+') => `${mark}${count(lines.slice(0, start), mark) + 1},${count(shown, mark)}`;
  return `@@ ${range('-')} ${range('+')} @@\n${shown.map(({ mark, text }) => `${mark}${text}\n`).join('')}`;
}
