import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import { type CoveredFile, percentCovered } from './coverage.ts';

/** @returns a line a module, and one for everything in it that no test has come to. */
export function renderCoverage(files: readonly CoveredFile[], paint: Paint): string {
  const lines = files.map((file) => {
    const head = `  ${file.file}: ${renderPercent([file])} (${file.covered} of ${file.total})\n`;
    const missed = file.notCovered.map(
      ({ line, column, text }) => `    ${paint('yellow', 'not covered')} ${line}:${column}: ${printable(text)}\n`,
    );
    return head + missed.join('');
  });
  return `${paint('bold', 'Coverage')}: ${renderPercent(files)}\n${lines.join('')}`;
}

/** Rounded down: 100 % is said of all only. */
export function renderPercent(files: readonly CoveredFile[]): string {
  return `${(Math.floor(percentCovered(files) * 10) / 10).toFixed(1)} %`;
}
