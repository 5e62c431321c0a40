import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { repositoryRoot } from '../../src/dev/index.ts';
import { createPolicyRunner, type PolicyRunner } from './policy-runner.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let runner: PolicyRunner;
beforeAll(async () => {
  runner = await createPolicyRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const POLICIES = ['-p', ...['accuracy', 'champion'].map((name) => join(repositoryRoot, 'policies', name))];
const example = (name: string) => join(repositoryRoot, 'examples', 'modelversions', `${name}.yaml`);

test('explains a version of a file by the policies of a folder', async () => {
  const { status, stdout, stderr } = await runner.run(['explain', '-f', example('waiting'), ...POLICIES]);
  expect(stdout).toMatch(/^churn-3 waits: waits for 1 approval by group:ml-leads/);
  expect(stdout).toContain('accuracy is 0.85; this needs more than 0.9');
  expect(stdout).toContain('Do not match it: ClusterApprovalPolicy/champion');
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
});

test('tells programs the same', async () => {
  const { stdout } = await runner.run(['explain', 'churn-3', '-f', example('waiting'), ...POLICIES, '-o', 'json']);
  expect(JSON.parse(stdout)).toMatchObject({
    version: 'churn-3',
    outcome: 'Pending',
    policies: [{ policy: 'ClusterApprovalPolicy/accuracy', outcome: 'require', rules: expect.any(Array) }],
    skipped: ['ClusterApprovalPolicy/champion'],
  });
});

test.for<readonly [string, readonly string[], string]>([
  ['nothing is named', [], 'name a version of the cluster, before any -p, or give files with --filename'],
  ['files without policies', ['-f', example('waiting')], 'give the policies with --policy'],
  ['a version that is not in the file', ['churn-4', '-f', example('waiting'), ...POLICIES], 'did you mean churn-3?'],
  ['several versions', ['-f', example('waiting'), example('denied'), ...POLICIES], 'name one of churn-3, pricing-1'],
])('a mistake is told, and the exit code is 2: %s', async ([, args, says]) => {
  const { status, stdout, stderr } = await runner.run(['explain', ...args]);
  expect(stderr).toContain(says);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
