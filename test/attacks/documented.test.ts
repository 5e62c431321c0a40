import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'security.md'), 'utf8');

interface Tried {
  readonly name: string;
  readonly file: string;
  readonly kind: 'attack' | 'limit' | 'open';
}

test('docs/security.md lists every attack and limit that is tested, and no others', () => {
  expect(readTables()).toEqual(readTests());
});

/** Attacks have rows of three cells, limits of four: what to do stands before the file. */
function readTables(): readonly Tried[] {
  const rows = page.split('\n').map((line) =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
  return rows
    .filter(([what = '', gets = '']) => what.includes(' tries ') && gets !== '')
    .map((cells): Tried => {
      const [what, gets = ''] = cells;
      const name = `${what} and gets ${gets.replace(' (open)', '')}`;
      const kind = cells.length === 4 ? 'limit' : gets.endsWith(' (open)') ? 'open' : 'attack';
      return { name, file: cells.at(-1) ?? '', kind };
    })
    .toSorted(byName);
}

/** Calls of `attack` and `limit`, by their first argument. */
function readTests(): readonly Tried[] {
  const files = readdirSync(import.meta.dirname).filter((file) => file.endsWith('.test.ts'));
  return files
    .flatMap((file) => {
      const source = readFileSync(join(import.meta.dirname, file), 'utf8');
      const calls = source.matchAll(/\b(attack|limit)(\.fails)?\(\s*(?:'([^'\n]*)'|"([^"\n]*)")/g);
      return [...calls].map(([, call, fails, single, double]): Tried => {
        const kind = call === 'limit' ? 'limit' : fails ? 'open' : 'attack';
        return { name: single ?? double ?? '', file: file.replace('.test.ts', ''), kind };
      });
    })
    .toSorted(byName);
}

function byName(a: Tried, b: Tried): number {
  return a.name < b.name ? -1 : a.name > b.name ? 1 : 0;
}
