import { beforeEach, expect, test } from 'vitest';
import type { PolicyVerdict } from '../api/index.ts';
import { createLogger, createOperatorEvents, createOperatorMetrics, type OperatorEvents } from './index.ts';

let events: OperatorEvents;
let metrics: ReturnType<typeof createOperatorMetrics>;
beforeEach(() => {
  metrics = createOperatorMetrics();
  events = createOperatorEvents(createLogger({ level: 'silent' }), metrics);
});

async function seriesWith(text: string): Promise<readonly string[]> {
  const rendered = await metrics.render();
  return rendered.text.split('\n').filter((line) => line.startsWith('assent_') && line.includes(text));
}

const settle = (policy: string) => events.policySettled({ policy, state: 'compiled', digest: null });
const decideBy = (name: string) => {
  const verdict: PolicyVerdict = {
    ...{ name, generation: 1, digest: '', outcome: 'allow', reasons: [] },
    evaluationMicroseconds: 20,
  };
  events.decided({ outcome: 'Approved', by: 'Policy', policies: [verdict] });
};

test('of a policy that is gone no series is left', async () => {
  settle('ClusterApprovalPolicy/gone');
  decideBy('ClusterApprovalPolicy/gone');
  for (const namespace of ['risk', 'credit'])
    events.policyQuarantined({ policy: 'ClusterApprovalPolicy/gone', namespace, quarantined: true });
  events.policyGone('ClusterApprovalPolicy/gone');
  expect(await seriesWith('gone')).toEqual([]);
});

test('a policy of the same name in another namespace keeps the evaluations that they share', async () => {
  for (const namespace of ['risk', 'credit']) settle(`ApprovalPolicy/${namespace}/shared`);
  decideBy('ApprovalPolicy/shared');
  events.policyGone('ApprovalPolicy/risk/shared');
  expect(await seriesWith('evaluation_seconds_count{policy="ApprovalPolicy/shared"}')).toHaveLength(1);
  events.policyGone('ApprovalPolicy/credit/shared');
  expect(await seriesWith('shared')).toEqual([]);
});

test('of a Notification that is gone no series is left', async () => {
  events.notificationDelivered('risk/gone');
  events.notificationFailed('risk/gone', 'the receiver is away', 1_000);
  events.notificationFailed('risk/gone', 'the receiver does not want it', null);
  events.notificationGone('risk/gone');
  expect(await seriesWith('gone')).toEqual([]);
});

test('of a namespace whose stage approvals are gone no series is left', async () => {
  events.stageApprovalsWritten({ namespace: 'gone', approved: 1, omitted: 1 });
  events.stageApprovalsGone('gone');
  expect(await seriesWith('gone')).toEqual([]);
});
