import { expect, test } from 'vitest';
import { createPolicyHealth } from './policy-health.ts';

const POLICY = 'ClusterApprovalPolicy/accuracy';
const NOW = '2026-01-02T03:00:00.000Z';
const value = (evaluationMicroseconds: number) => ({ kind: 'value', value: {}, evaluationMicroseconds }) as const;
const timeout = { kind: 'error', code: 'timeout', message: 'too long', evaluationMicroseconds: 100_000 } as const;

function aHealth() {
  return createPolicyHealth({ clock: () => NOW, onQuarantine: () => {} });
}

test('evaluations are counted by outcome, and told when they are published', () => {
  const health = aHealth();
  health.adopt(POLICY, 'sha256:1', undefined);
  health.evaluated(POLICY, 'risk', value(12), 'allow');
  health.evaluated(POLICY, 'risk', value(9), 'require');
  health.evaluated(POLICY, 'risk', timeout, 'error');
  expect(health.published(POLICY)).toBeUndefined();
  expect(health.publish()).toEqual([POLICY]);
  expect(health.published(POLICY)).toEqual({
    rulesDigest: 'sha256:1',
    allow: 1,
    require: 1,
    deny: 0,
    error: 1,
    killed: 1,
    slowestMicroseconds: 100_000,
    lastEvaluatedAt: NOW,
  });
  expect(health.publish()).toEqual([]);
});

test('after a restart the counts go on where the status has them; with other rules they begin anew', () => {
  const before = aHealth();
  before.adopt(POLICY, 'sha256:1', undefined);
  before.evaluated(POLICY, 'risk', value(12), 'allow');
  before.publish();
  const stored = before.published(POLICY);

  const after = aHealth();
  after.adopt(POLICY, 'sha256:1', stored);
  expect(after.published(POLICY)).toEqual(stored);
  after.evaluated(POLICY, 'risk', value(3), 'allow');
  after.publish();
  expect(after.published(POLICY)).toMatchObject({ allow: 2, slowestMicroseconds: 12 });

  after.adopt(POLICY, 'sha256:2', after.published(POLICY));
  expect(after.published(POLICY)).toBeUndefined();
});

test('what is not evaluated is not counted, and is an error', () => {
  const health = aHealth();
  health.adopt(POLICY, 'sha256:1', undefined);
  for (let at = 0; at < 5; at++) health.evaluated(POLICY, 'risk', timeout, 'error');
  const refused = health.refusal(POLICY, 'risk');
  expect(refused).toMatchObject({ kind: 'error', code: 'quarantined' });
  expect(refused?.message).toContain('stopped 5 times in a row on versions of namespace risk (too long)');
  if (refused) health.evaluated(POLICY, 'risk', refused, 'error');
  health.publish();
  expect(health.published(POLICY)).toMatchObject({ error: 5, killed: 5 });
});
