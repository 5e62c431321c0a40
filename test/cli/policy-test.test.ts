import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { createPolicyRunner, type PolicyRunner, rego } from './policy-runner.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let runner: PolicyRunner;
beforeAll(async () => {
  runner = await createPolicyRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const FILES = {
  'p/rules.rego': rego('allow contains "good" if input.modelVersion.spec.metrics.a > 0.9'),
  'p/rules_test.rego':
    'package approval_test\n\nimport data.approval\n\ntest_good if approval.allow == {"good"} with input.modelVersion.spec.metrics.a as 1\n',
  'p/rules_cases.yaml':
    'cases:\n- name: a "bad" <one>\n  modelVersion: {spec: {model: m, version: "1", stage: Staging, metrics: {a: 0.5}}}\n  expect: {outcome: Approved}\n',
};

test("the library's policies pass, and the exit code is 0", async () => {
  const { status, stdout, stderr } = await runner.run(['test', join(repositoryRoot, 'policies')]);
  expect(stdout).toMatch(/^\d+ passed, 0 failed$/m);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

describe('a test that fails is 1, with -o', () => {
  const why =
    'outcome: expected Approved, got Pending\nit says: waits for 1 approval by anyone who may `approve` modelversions (no rule allows it)';
  test('pretty', async () => {
    const { status, stdout } = await runner.run(['test', 'p'], FILES);
    const indented = why.replaceAll(/^/gm, '         ');
    expect(stdout).toBe(
      `p\n  ok   test_good\n  FAIL a "bad" <one>\n       p/rules_cases.yaml:2\n${indented}\n\n1 passed, 1 failed\n`,
    );
    expect(status).toBe(1);
  });

  test('tap', async () => {
    const { status, stdout } = await runner.run(['test', 'p', '-o', 'tap'], FILES);
    expect(stdout).toBe(
      `TAP version 13\n1..2\nok 1 - p: test_good\nnot ok 2 - p: a "bad" <one>\n  ---\n  at: "p/rules_cases.yaml:2"\n  message: ${JSON.stringify(why)}\n  ...\n`,
    );
    expect(status).toBe(1);
  });

  test('junit', async () => {
    const { stdout } = await runner.run(['test', 'p', '-o', 'junit'], FILES);
    expect(stdout).toContain('<testsuite name="p" tests="2" failures="1">');
    expect(stdout).toContain('name="a &quot;bad&quot; &lt;one&gt;" file="p/rules_cases.yaml" line="2"');
    expect(stdout).toContain('<failure message="outcome: expected Approved, got Pending">');
  });

  test('json', async () => {
    const { stdout } = await runner.run(['test', 'p', '-o', 'json'], FILES);
    expect(JSON.parse(stdout)).toMatchObject([
      { policy: 'p', kind: 'rego', name: 'test_good', passed: true, problems: [] },
      { policy: 'p', kind: 'case', file: 'p/rules_cases.yaml', line: 2, passed: false, problems: why.split('\n') },
    ]);
  });

  test('github', async () => {
    const { stdout } = await runner.run(['test', 'p', '-o', 'github'], FILES);
    expect(stdout).toBe(
      `::error file=p/rules_cases.yaml,line=2,col=1,title=a "bad" <one>::${why.replace('\n', '%0A')}\n`,
    );
  });
});

test('a policy without tests beside others that have some is told, and fails with --strict', async () => {
  const files = { 'all/p/rules.rego': FILES['p/rules.rego'], 'all/p/rules_test.rego': FILES['p/rules_test.rego'] };
  const untested = { ...files, 'all/q/rules.rego': FILES['p/rules.rego'] };
  const passed = 'all/p\n  ok   test_good\n\n1 passed, 0 failed\n';
  const [lenient, strict, chosen, whole] = await Promise.all([
    runner.run(['test', 'all'], untested),
    runner.run(['test', 'all', '--strict'], untested),
    runner.run(['test', 'all', '--run', 'good'], untested),
    runner.run(['test', 'all', '--strict'], files),
  ]);
  expect(lenient).toMatchObject({ status: 0, stdout: passed, stderr: 'all/q: warning: the policy has no tests\n' });
  expect(strict).toMatchObject({ status: 1, stdout: passed, stderr: 'all/q: the policy has no tests\n' });
  expect(chosen).toMatchObject({ status: 0, stdout: passed, stderr: '' });
  expect(whole).toMatchObject({ status: 0, stdout: passed, stderr: '' });
});

describe('an error is 2 and says what to do, where', () => {
  test.for<readonly [string, readonly string[], Readonly<Record<string, string>>, string]>([
    ['there are no tests', ['p'], { 'p/rules.rego': FILES['p/rules.rego'] }, 'p: no tests found: write rules test_…'],
    ['no name matches', ['p', '--run', 'nothing'], FILES, 'no test has a name that matches nothing: leave --run out'],
    ['the pattern is none', ['p', '--run', '('], FILES, "option '--run <regex>' argument '(' is invalid"],
    [
      'the policy does not compile',
      ['p'],
      { ...FILES, 'p/rules.rego': 'package approval\n\nallow if {' },
      'p/rules.rego:3:',
    ],
    [
      'a test does not compile',
      ['p'],
      { ...FILES, 'p/rules_test.rego': 'package approval_test\n\ntest_a if x' },
      'p/rules_test.rego:3:',
    ],
    ['tests are named in place of their policy', ['p/rules_cases.yaml'], FILES, 'name the policy, or its folder p;'],
    [
      'a case is none',
      ['p'],
      { ...FILES, 'p/rules_cases.yaml': 'cases: []' },
      'p/rules_cases.yaml:1:8: cases: give at least one case',
    ],
  ])('%s', async ([, args, files, says]) => {
    const { status, stdout, stderr } = await runner.run(['test', ...args], files);
    expect(stderr).toContain(says);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
