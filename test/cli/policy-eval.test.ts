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

const library = join(repositoryRoot, 'policies');
const POLICIES = ['-p', join(library, 'accuracy'), join(library, 'champion')];
const example = (name: string) => join(repositoryRoot, 'examples', 'modelversions', `${name}.yaml`);

test('tells the document of each policy, and which do not match', async () => {
  const { status, stdout } = await runner.run(['eval', example('waiting'), ...POLICIES, '-o', 'json']);
  const reason = 'accuracy 0.85 is not above 0.9';
  expect(JSON.parse(stdout)).toEqual([
    {
      version: 'churn-3',
      policy: 'ClusterApprovalPolicy/accuracy',
      outcome: 'require',
      reasons: [reason],
      document: { accuracy: 0.85, threshold: 0.9, allow: [], deny: [], require: [{ reason }] },
      evaluationMicroseconds: expect.any(Number),
    },
    expect.objectContaining({ policy: 'ClusterApprovalPolicy/champion', outcome: 'skipped', document: null }),
  ]);
  expect(status).toBe(0);
});

const VERSION = {
  metadata: { name: 'v', namespace: 'risk', labels: {}, annotations: {} },
  spec: { model: 'm', version: '1', stage: 'Production', metrics: { accuracy: 0.95 } },
};
const INPUT = {
  modelVersion: VERSION,
  transition: { from: 'None', to: 'Production' },
  champion: VERSION,
  namespace: { name: 'risk', labels: {} },
  submitter: null,
  verified: {},
  now: '2026-01-02T03:04:05.000Z',
};

test('takes an input as it is, from standard input too, and asks every policy', async () => {
  const { stdout } = await runner.run(['eval', '-', ...POLICIES], {}, JSON.stringify(INPUT));
  expect(stdout).toMatch(/^v: ClusterApprovalPolicy\/accuracy: allow \(\d+ µs\)\n {2}accuracy 0\.95 is above 0\.9\n/);
  expect(stdout).toContain('v: ClusterApprovalPolicy/champion: allow');
});

test('an input that is none is told with its place', async () => {
  const { status, stdout, stderr } = await runner.run(['eval', 'i.json', ...POLICIES], {
    'i.json': JSON.stringify({ ...INPUT, champoin: null }),
  });
  expect(stderr).toMatch(/^i.json:1:\d+: champoin: there is no such field: did you mean champion\?\n$/);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
});
