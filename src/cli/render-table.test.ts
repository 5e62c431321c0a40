import { expect, test } from 'vitest';
import { renderTable } from './render-table.ts';

test('columns are as wide as their widest cell', () => {
  expect(renderTable(['NAME', 'STAGE'], [['a-long-name', 'None']])).toBe('NAME          STAGE\na-long-name   None\n');
});

test('a colour takes no room', () => {
  const red = (text: string, _row: number, column: number) => (column === 0 ? `<red>${text}</red>` : text);
  expect(renderTable(['A', 'B'], [['xy', 'z']], red)).toBe('A    B\n<red>xy</red>   z\n');
});

test('a cell stays on its line, whatever it holds', () => {
  expect(renderTable(['A'], [['one\ntwo']])).toBe('A\none\\ntwo\n');
});
