import { expect, test } from 'vitest';
import { createQuarantine } from './quarantine.ts';

const POLICY = 'ClusterApprovalPolicy/loop';

function aQuarantine() {
  const scene = { nowMs: Date.parse('2026-01-02T03:00:00Z'), changes: [] as string[] };
  const quarantine = createQuarantine({
    nowMs: () => scene.nowMs,
    onChange: (_, namespace, quarantined) => scene.changes.push(`${namespace} ${quarantined}`),
  });
  const kill = (times: number, namespace = 'risk') => {
    for (let at = 0; at < times; at++) quarantine.killed(POLICY, namespace, 'took longer than 100 ms');
  };
  return { scene, quarantine, kill };
}

test('five kills in a row, and the policy is left alone for a minute', () => {
  const { quarantine, kill, scene } = aQuarantine();
  kill(4);
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  kill(1);
  expect(quarantine.refusal(POLICY, 'risk')).toEqual({
    namespace: 'risk',
    kills: 5,
    why: 'took longer than 100 ms',
    until: '2026-01-02T03:01:00.000Z',
  });
  expect(scene.changes).toEqual(['risk true']);
});

test('one evaluation that ends by itself begins the count anew', () => {
  const { quarantine, kill } = aQuarantine();
  kill(4);
  quarantine.survived(POLICY, 'risk');
  kill(4);
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
});

test('versions of one namespace cannot take a policy from another', () => {
  const { quarantine, kill } = aQuarantine();
  kill(5, 'hostile');
  expect(quarantine.refusal(POLICY, 'hostile')).not.toBeNull();
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  expect(quarantine.of(POLICY).map(({ namespace }) => namespace)).toEqual(['hostile']);
});

test('when its time is up one evaluation is let through, and what becomes of it decides', () => {
  const { quarantine, kill, scene } = aQuarantine();
  kill(5);
  scene.nowMs += 60_000;
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  expect(quarantine.refusal(POLICY, 'risk')).not.toBeNull();
  quarantine.survived(POLICY, 'risk');
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  expect(quarantine.of(POLICY)).toEqual([]);
  expect(scene.changes).toEqual(['risk true', 'risk false']);
});

test('a try in vain doubles the time, up to an hour', () => {
  const { quarantine, kill, scene } = aQuarantine();
  kill(5);
  const minutes = [1, 2, 4, 8, 16, 32, 60, 60].map((expected) => {
    const left = Date.parse(quarantine.of(POLICY)[0]?.until ?? '') - scene.nowMs;
    scene.nowMs += expected * 60_000;
    expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
    kill(1);
    return left / 60_000;
  });
  expect(minutes).toEqual([1, 2, 4, 8, 16, 32, 60, 60]);
});

test('evaluations that were on their way change nothing of the time, and a try that is lost is made again', () => {
  const { quarantine, kill, scene } = aQuarantine();
  kill(9);
  expect(quarantine.of(POLICY)).toMatchObject([{ until: '2026-01-02T03:01:00.000Z' }]);
  scene.nowMs += 60_000;
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  scene.nowMs += 60_000;
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
});

test('a policy that changes begins anew', () => {
  const { quarantine, kill, scene } = aQuarantine();
  kill(5);
  quarantine.forget(POLICY);
  expect(quarantine.refusal(POLICY, 'risk')).toBeNull();
  expect(scene.changes).toEqual(['risk true', 'risk false']);
});
