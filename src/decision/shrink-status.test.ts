import { expect, it } from 'vitest';
import { aScene, requires } from '../../test/a-snapshot.ts';
import { buildDecisionStatement } from './decision-statement.ts';
import { buildPlan } from './plan.ts';
import { shrinkStatus } from './shrink-status.ts';

const approved = aScene()
  .withPolicy('leads', requires('alice'))
  .decidedBy('alice', 'approve', 'checked the errors by hand')
  .applied();

it('the status of a revocation needs no more room than that of the approval', () => {
  const { snapshot, results } = approved.decidedBy('alice', 'revoke', 'it was trained on the test data');
  const { status } = buildPlan(snapshot, results);
  const shrunk = shrinkStatus(status ?? {});
  expect(JSON.stringify(shrunk).length).toBeLessThanOrEqual(JSON.stringify(snapshot.modelVersion.status).length);
  expect(shrunk).toMatchObject({
    stage: 'Archived',
    decision: { id: status?.decision?.id, outcome: 'Rejected', reasons: status?.decision?.reasons },
    approvals: [{ verdict: 'revoke', counted: true }],
    history: [{ to: 'Archived', reason: 'Revoked' }],
  });
});

it('a revocation at length finds the room that the answers of the policies took', () => {
  const wordy = { require: [{ approvers: ['alice'], reason: 'r'.repeat(400) }], warn: ['w'.repeat(1_000)] };
  const { snapshot, results } = aScene()
    .withPolicy('wordy', wordy)
    .decidedBy('alice', 'approve', 'ok')
    .applied()
    .decidedBy('alice', 'revoke', 'x'.repeat(1_000));
  const shrunk = shrinkStatus(buildPlan(snapshot, results).status ?? {});
  expect(JSON.stringify(shrunk).length).toBeLessThanOrEqual(JSON.stringify(snapshot.modelVersion.status).length);
});

it('the signature of what is shrunk holds, unless an approval that it names is gone', () => {
  const { snapshot, results } = approved.decidedBy('alice', 'revoke', 'it was trained on the test data');
  const { modelVersion } = snapshot;
  const { status } = buildPlan(snapshot, results);
  const whole = { ...status, approvals: status?.approvals?.slice(-1) };
  const signed = buildDecisionStatement(modelVersion, whole)?.payload;
  expect(buildDecisionStatement(modelVersion, shrinkStatus(status ?? {}))?.payload).toEqual(signed);
});

it('what still waits keeps all its approvals', () => {
  const { snapshot } = aScene()
    .withPolicy('two', { require: [{ approvers: ['alice', 'bob', 'carol'], count: 3 }] })
    .decidedBy('alice', 'approve', 'ok')
    .applied()
    .decidedBy('bob', 'approve', 'ok')
    .applied();
  expect(shrinkStatus(snapshot.modelVersion.status ?? {}).approvals).toHaveLength(2);
});
