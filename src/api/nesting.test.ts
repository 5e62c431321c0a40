import { expect, test } from 'vitest';
import { ApprovalPolicySpec } from './approval-policy.ts';
import { isNestedWithin } from './nesting.ts';

function nested(levels: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < levels; level++) value = level % 2 ? [value] : { inner: value };
  return value;
}

test.for([
  [0, 0, true],
  [1, 1, true],
  [2, 1, false],
  [64, 64, true],
  [65, 64, false],
  [100_000, 64, false],
] as const)('%i levels are within %i: %s', ([levels, most, expected]) => {
  expect(isNestedWithin(nested(levels), most)).toBe(expected);
});

test('a policy whose data are nested without end does not fit, and is told', () => {
  const spec = { modules: { 'p.rego': 'package approval' }, data: { deep: nested(9_000) } };
  const { success, error } = ApprovalPolicySpec.safeParse(spec);
  expect(success).toBe(false);
  expect(error?.issues.map(({ message }) => message)).toContain('nested more than 64 levels deep: make it flatter');
});
