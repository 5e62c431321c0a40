import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import type { Problem } from './check-policy.ts';
import { renderAnnotation } from './render-annotation.ts';
import { renderJunit } from './render-junit.ts';

export const PROBLEM_FORMATS = ['pretty', 'json', 'github', 'junit'] as const;
export type ProblemFormat = (typeof PROBLEM_FORMATS)[number];

/** What was found in one policy, or in one pipeline file. */
export interface CheckedPolicy {
  readonly path: string;
  readonly name: string;
  readonly problems: readonly Problem[];
}

/** What was checked, in words: one of it, and several. */
interface Noun {
  readonly one: string;
  readonly several: string;
}

const POLICY: Noun = { one: 'policy', several: 'policies' };

/** @returns what was found, for people, for programs, or for a CI system. */
export function renderProblems(
  checked: readonly CheckedPolicy[],
  format: ProblemFormat,
  paint: Paint,
  noun: Noun = POLICY,
): string {
  switch (format) {
    case 'pretty':
      return renderPretty(checked, paint, noun);
    case 'json':
      return `${JSON.stringify(
        checked.flatMap(({ name, problems }) => problems.map((problem) => ({ [noun.one]: name, ...problem }))),
        null,
        2,
      )}\n`;
    case 'github':
      return checked
        .flatMap(({ problems }) => problems)
        .map((problem) => renderAnnotation(problem.severity, problem.code, problem, problem.message))
        .join('');
    case 'junit':
      return renderJunit(
        checked.map(({ path, name, problems }) => ({
          name,
          cases:
            problems.length === 0
              ? [{ name: 'check', file: path, line: 1, failure: null }]
              : problems.map(({ file, line, code, message }) => ({ name: code, file, line, failure: message })),
        })),
      );
  }
}

function renderPretty(checked: readonly CheckedPolicy[], paint: Paint, { one, several }: Noun): string {
  const lines = checked.flatMap(({ problems }) =>
    problems.map(({ file, line, column, severity, code, message }) => {
      const colour = severity === 'error' ? 'red' : 'yellow';
      return `${file}:${line}:${column}: ${paint(colour, severity)} ${code}: ${printable(message)}\n`;
    }),
  );
  const all = checked.flatMap(({ problems }) => problems);
  const errors = all.filter(({ severity }) => severity === 'error').length;
  const found = `${count(errors, 'error')}, ${count(all.length - errors, 'warning')}`;
  return `${lines.join('')}${count(checked.length, one, several)} checked: ${found}\n`;
}

/** @returns such as `1 error`, `2 errors`. */
function count(number: number, one: string, several = `${one}s`): string {
  return `${number} ${number === 1 ? one : several}`;
}
