import { expect, test } from 'vitest';
import type { DecisionOutcome } from '../api/index.ts';
import { type DecisionResult, toDecideExitCode, toExitCode, toGateExitCode } from './exit-code.ts';
import type { GateReport } from './gate/render-gate.ts';

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

// As an object, so that a result that is added must be given its code here.
const GATES: Readonly<Record<GateReport['result'], number>> = {
  approved: 0,
  rejected: 1,
  changed: 2,
  replaced: 2,
  deleted: 2,
  'timed-out': 4,
  unreachable: 5,
};

test.for<GateReport['result']>(['approved', 'rejected', 'changed', 'replaced', 'deleted', 'timed-out', 'unreachable'])(
  'a gate that ends %s has a code of its own meaning',
  (result) => {
    expect(toGateExitCode({ result, continue: result === 'approved' })).toBe(GATES[result]);
  },
);

test('a rejection after which the step goes on gives 0', () => {
  expect(toGateExitCode({ result: 'rejected', continue: true })).toBe(0);
});
