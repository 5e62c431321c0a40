import { expect, test } from 'vitest';
import type { DecisionOutcome } from '../api/index.ts';
import { type DecisionResult, toDecideExitCode, toExitCode } from './exit-code.ts';

test.for<readonly [readonly DecisionOutcome[], number]>([
  [[], 0],
  [['Approved', 'Approved'], 0],
  [['Approved', 'Pending'], 3],
  [['Pending', 'Rejected', 'Approved'], 1],
  [['Error', 'Rejected', 'Pending'], 2],
])('the exit code of several decisions is that of the worst: %j gives %i', ([outcomes, code]) => {
  expect(toExitCode(outcomes)).toBe(code);
  expect(toExitCode(outcomes.toReversed())).toBe(code);
});

test.for<readonly [DecisionResult, number]>([
  ['counted', 0],
  ['sent', 0],
  ['not-counted', 1],
  ['unrecorded', 4],
])("a person's decision that is %s gives %i", ([result, code]) => {
  expect(toDecideExitCode(result)).toBe(code);
});
