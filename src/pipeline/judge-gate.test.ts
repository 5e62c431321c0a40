import { expect, test } from 'vitest';
import { digestContent, GatedVersion } from './gated-version.ts';
import { type GateQuestion, judgeGate } from './judge-gate.ts';

const SPEC = { model: 'fraud', version: '7', stage: 'Production', metrics: { accuracy: 0.93 }, approvers: ['alice'] };
const QUESTION: GateQuestion = {
  namespace: 'risk',
  name: 'fraud-7',
  uid: 'u1',
  generation: 1,
  contentDigest: digestContent({ spec: SPEC }),
  approvers: ['alice', 'group:leads'],
};

interface Stored {
  readonly uid?: string;
  readonly generation?: number;
  readonly spec?: Record<string, unknown>;
  readonly outcome?: 'Approved' | 'Pending' | 'Rejected' | 'Error';
  readonly decided?: number;
  readonly by?: Readonly<{ user: string; groups?: readonly string[]; counted?: boolean; generation?: number }>;
}

function stored({ uid = 'u1', generation = 1, spec = {}, outcome, decided = generation, by }: Stored): GatedVersion {
  const record = by && {
    ...{ verdict: 'approve', groups: [], generation: decided, counted: true, uid, specDigest: '', reason: 'ok' },
    ...{ at: '2026-01-01T00:00:00Z', stamp: '{}', verified: true },
    ...by,
  };
  return GatedVersion.parse({
    metadata: { name: 'fraud-7', uid, generation },
    spec: { ...SPEC, ...spec },
    ...(outcome && {
      status: {
        stage: outcome === 'Approved' ? 'Production' : 'None',
        decision: { id: 'd', generation: decided, outcome, reasons: ['why'] },
        approvals: record ? [record] : [],
      },
    }),
  });
}

const alice = { user: 'alice' };

test.for<readonly [what: string, version: Stored, kind: string]>([
  ['no decision yet', {}, 'waiting'],
  ['a decision that waits', { outcome: 'Pending' }, 'waiting'],
  ['a policy that errs', { outcome: 'Error' }, 'waiting'],
  ['an approval by whom the step asks', { outcome: 'Approved', by: alice }, 'approved'],
  ['an approval by a member of a group', { outcome: 'Approved', by: { user: 'lea', groups: ['leads'] } }, 'approved'],
  ['a rejection', { outcome: 'Rejected' }, 'rejected'],
  ['an approval by others alone', { outcome: 'Approved', by: { user: 'carol' } }, 'rejected'],
  ['an approval by a policy alone', { outcome: 'Approved' }, 'rejected'],
  ['an approval that does not count', { outcome: 'Approved', by: { ...alice, counted: false } }, 'rejected'],
  ['an approval of an older generation', { outcome: 'Approved', by: { ...alice, generation: 0 } }, 'rejected'],
  ['another object of the same name', { uid: 'u2', outcome: 'Approved', by: alice }, 'replaced'],
  ['an approval of other content', { generation: 2, spec: { metrics: {} }, outcome: 'Approved', by: alice }, 'changed'],
  ['other content that waits', { generation: 2, spec: { stage: 'Staging' } }, 'changed'],
  [
    'an approval of what was asked, and other content since',
    { generation: 2, spec: { metrics: {} }, outcome: 'Approved', decided: 1, by: alice },
    'approved',
  ],
  [
    'a rejection of what was asked',
    { generation: 2, spec: { metrics: {} }, outcome: 'Rejected', decided: 1 },
    'rejected',
  ],
  [
    'the same content that names more approvers',
    { generation: 2, spec: { approvers: ['alice', 'bob'] }, outcome: 'Approved', by: alice },
    'approved',
  ],
  [
    'a decision on content that nobody has seen, and the old content again',
    { generation: 3, outcome: 'Approved', decided: 2, by: alice },
    'waiting',
  ],
])('%s: the gate says so', ([, version, kind]) => {
  expect(judgeGate(stored(version), QUESTION).kind).toBe(kind);
});

test('where the policies alone are asked, an approval by one of them opens the gate', () => {
  expect(judgeGate(stored({ outcome: 'Approved' }), { ...QUESTION, approvers: [] })).toMatchObject({
    kind: 'approved',
    approvedBy: [],
    decisionId: 'd',
  });
});

test('an approval by others names them, and whom the step asks', () => {
  expect(judgeGate(stored({ outcome: 'Approved', by: { user: 'carol' } }), QUESTION)).toMatchObject({
    reason: 'ApprovedByOthers',
    message: 'fraud-7 is approved by carol, and not by alice, group:leads, whom this step asks',
  });
});
