import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import { renderAnnotation } from './render-annotation.ts';
import { renderJunit } from './render-junit.ts';
import type { TestedPolicy, TestResult } from './test-policy.ts';

export const TEST_FORMATS = ['pretty', 'tap', 'junit', 'json', 'github'] as const;
export type TestFormat = (typeof TEST_FORMATS)[number];

/** @returns how the tests went, for people, for programs, or for a CI system. */
export function renderTests(tested: readonly TestedPolicy[], format: TestFormat, paint: Paint): string {
  switch (format) {
    case 'pretty':
      return renderPretty(tested, paint);
    case 'tap':
      return renderTap(tested);
    case 'junit':
      return renderJunit(
        tested.map(({ name, tests }) => ({
          name,
          cases: tests.map((test) => ({ ...test, failure: test.passed ? null : test.problems.join('\n') })),
        })),
      );
    case 'json':
      return `${JSON.stringify(
        tested.flatMap(({ name: policy, tests }) => tests.map((test) => ({ policy, ...test }))),
        null,
        2,
      )}\n`;
    case 'github':
      return tested
        .flatMap(({ tests }) => tests)
        .filter(({ passed }) => !passed)
        .map((test) => renderAnnotation('error', test.name, { ...test, column: 1 }, test.problems.join('\n')))
        .join('');
  }
}

function renderPretty(tested: readonly TestedPolicy[], paint: Paint): string {
  const blocks = tested.map(({ path, tests }) => {
    const lines = tests.map((test) => renderTest(test, paint));
    return `${paint('bold', path)}\n${lines.join('')}`;
  });
  const all = tested.flatMap(({ tests }) => tests);
  const passed = all.filter((test) => test.passed).length;
  return `${blocks.join('\n')}\n${passed} passed, ${all.length - passed} failed\n`;
}

function renderTest({ name, file, line, passed, problems }: TestResult, paint: Paint): string {
  if (passed) return `  ${paint('green', 'ok  ')} ${printable(name)}\n`;
  const why = problems.map((problem) => `         ${printable(problem)}\n`);
  return `  ${paint('red', 'FAIL')} ${printable(name)}\n       ${file}:${line}\n${why.join('')}`;
}

/** Version 13 of the Test Anything Protocol. */
function renderTap(tested: readonly TestedPolicy[]): string {
  const all = tested.flatMap(({ name, tests }) => tests.map((test) => ({ policy: name, ...test })));
  const lines = all.map(({ policy, name, file, line, passed, problems }, index) => {
    const told = `${passed ? 'ok' : 'not ok'} ${index + 1} - ${policy}: ${printable(name).replaceAll('#', '\\#')}\n`;
    if (passed) return told;
    const message = JSON.stringify(problems.join('\n'));
    return `${told}  ---\n  at: ${JSON.stringify(`${file}:${line}`)}\n  message: ${message}\n  ...\n`;
  });
  return `TAP version 13\n1..${all.length}\n${lines.join('')}`;
}
