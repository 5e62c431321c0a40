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

const accuracy = join(repositoryRoot, 'policies', 'accuracy');
const example = (folder: string, name: string) => join(repositoryRoot, 'examples', folder, `${name}.yaml`);

test('times, evaluations a second and memory of each policy that matches', async () => {
  const version = example('modelversions', 'approved');
  const { status, stdout } = await runner.run(['bench', accuracy, '-f', version, '--duration', '100ms', '-o', 'json']);
  const [row, ...others] = JSON.parse(stdout);
  expect(row).toMatchObject({ policy: 'ClusterApprovalPolicy/accuracy', version: 'fraud-detector-7' });
  expect(others).toEqual([]);
  expect(row.evaluations).toBeGreaterThan(10);
  expect(row.p50).toBeGreaterThan(0);
  expect(row.p99).toBeGreaterThanOrEqual(row.p50);
  expect(row.evaluationsPerSecond).toBeGreaterThan(0);
  expect(row.memoryBytes).toBeGreaterThan(64 * 1024);
  expect(status).toBe(0);
});

test('a policy that does not end is told, and is not measured', async () => {
  const policy = example('policies', 'endless');
  const { status, stdout, stderr } = await runner.run(['bench', policy, '-f', example('modelversions', 'error')]);
  expect(stderr).toMatch(/^ClusterApprovalPolicy\/endless errs for .*: the evaluation took longer than 100 ms/);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
