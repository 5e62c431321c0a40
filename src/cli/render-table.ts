import { printable } from './printable.ts';

/** Colours a cell; the table is laid out before. */
export type PaintCell = (text: string, row: number, column: number) => string;

/** @returns columns of equal width, three spaces apart, as kubectl prints them. */
export function renderTable(
  header: readonly string[],
  rows: readonly (readonly string[])[],
  paintCell: PaintCell = (text) => text,
): string {
  const cells = rows.map((row) => row.map(printable));
  const widths = header.map((title, column) => Math.max(title.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const renderRow = (row: readonly string[], paint: (text: string, column: number) => string) =>
    row
      .map((cell, column) => `${paint(cell, column)}${' '.repeat(Math.max(0, (widths[column] ?? 0) - cell.length))}`)
      .join('   ')
      .trimEnd();
  return [
    renderRow(header, (text) => text),
    ...cells.map((row, index) => renderRow(row, (text, column) => paintCell(text, index, column))),
  ]
    .map((line) => `${line}\n`)
    .join('');
}
