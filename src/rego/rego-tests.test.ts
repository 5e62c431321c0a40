import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import { createCompiler } from './compiler.ts';
import { createEvaluator } from './evaluator.ts';
import { type RegoTest, runRegoTests } from './rego-tests.ts';

vi.setConfig({ testTimeout: 60_000 });

const cacheFolder = await mkdtemp(join(tmpdir(), 'assent-rego-tests-'));
const tools = {
  compiler: createCompiler({ reactor: await builtReactor(), cacheFolder }),
  evaluator: createEvaluator({ threads: 1 }),
};
afterAll(async () => {
  await Promise.all([tools.compiler[Symbol.asyncDispose](), tools.evaluator[Symbol.asyncDispose]()]);
  await rm(cacheFolder, { recursive: true });
});

const policy = `package approval

allow contains "good" if input.accuracy > 0.9

margin := input.accuracy - data.champion
`;
const tests = (rules: string, name = 'approval_test') => `package ${name}\n\nimport data.approval\n\n${rules}\n`;

async function runTests(rules: string, more: Readonly<Record<string, string>> = {}): Promise<readonly RegoTest[]> {
  const run = await runRegoTests({ 'policy.rego': policy, 'policy_test.rego': tests(rules), ...more }, tools);
  if (run.kind === 'failed') throw new Error(JSON.stringify(run.errors));
  return run.tests;
}

describe('a Rego test', () => {
  test('passes where it is true, with the input and the data that it brings', async () => {
    const rules = 'test_margin if approval.margin == 0.03 with input.accuracy as 0.95 with data.champion as 0.92';
    expect(await runTests(rules)).toEqual([
      { name: 'test_margin', file: 'policy_test.rego', line: 5, passed: true, message: '' },
    ]);
  });

  test.each([
    ['has an expression that is false', 'test_it if approval.allow == {"good"} with input.accuracy as 0.8'],
    ['has an expression that is undefined', 'test_it if approval.nothing == 1 with input as {}'],
    ['is false by default', 'default test_it := false\n\ntest_it if 1 == 2'],
    ['gives something else than true', 'test_it := "true"'],
    ['is a set', 'test_it contains 1'],
    ['is a function, which nobody calls', 'test_it(x) if x == x'],
  ])('fails where it %s', async (_, rules) => {
    expect(await runTests(rules)).toMatchObject([{ name: 'test_it', passed: false }]);
  });

  test('that fails says where it stands and why', async () => {
    expect(await runTests('test_good if true\n\ntest_bad if count(approval.allow) == 1 with input as {}')).toEqual([
      { name: 'test_good', file: 'policy_test.rego', line: 5, passed: true, message: '' },
      {
        name: 'test_bad',
        file: 'policy_test.rego',
        line: 7,
        passed: false,
        message: 'not true: one of its expressions is false or undefined',
      },
    ]);
  });

  test('of a package below is run too', async () => {
    const below = { 'sub_test.rego': tests('test_deep if true', 'approval_test.sub') };
    expect(await runTests('test_it if true', below)).toMatchObject([
      { name: 'test_it', passed: true },
      { name: 'sub.test_deep', passed: true },
    ]);
  });

  test('in a package where it would not run fails, and says which is right', async () => {
    const misplaced = { 'misplaced_test.rego': tests('test_it if true', 'approval') };
    expect(await runTests('', misplaced)).toMatchObject([
      { name: 'approval.test_it', passed: false, message: expect.stringContaining('move it to package approval_test') },
    ]);
  });

  test('written twice fails both times, as the one that is true would hide the other', async () => {
    const twice = await runTests('test_it if 1 == 2\n\ntest_it if true');
    expect(twice).toMatchObject([
      { passed: false, message: expect.stringContaining('policy_test.rego:7') },
      { passed: false, message: expect.stringContaining('policy_test.rego:5') },
    ]);
  });

  test('that stops the evaluation fails with what the runtime says, and so do those beside it', async () => {
    const rules = 'test_it if conflict == 1\n\nconflict := 1\n\nconflict := 2\n\ntest_other if true';
    const message = expect.stringContaining('conflict');
    expect(await runTests(rules)).toMatchObject([
      { name: 'test_it', passed: false, message },
      { name: 'test_other', passed: false, message },
    ]);
  });
});

test('a policy without tests has none, which is no success of any', async () => {
  expect(await runTests('helper := 1')).toEqual([]);
});

test.each([
  ['does not parse', tests('test_it if {'), 'rego_parse_error'],
  ['does not compile', tests('test_it if unknown == 1'), 'rego_unsafe_var_error'],
  ['belongs to another package', tests('test_it if true', 'approvals_test'), 'package_error'],
])('a test module that %s is an error at its place', async (_, source, code) => {
  const run = await runRegoTests({ 'policy.rego': policy, 'policy_test.rego': source }, tools);
  expect(run).toMatchObject({ kind: 'failed', errors: [{ file: 'policy_test.rego', code }] });
});
