import { expect, it } from 'vitest';
import { aScene, requires } from '../../test/a-snapshot.ts';
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
    decision: status?.decision,
    approvals: [{ verdict: 'revoke', counted: true }],
    history: [{ to: 'Archived', reason: 'Revoked' }],
  });
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
