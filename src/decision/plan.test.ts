import { describe, expect, it } from 'vitest';
import { allows, aScene, denies, requires, type Scene, START } from '../../test/a-snapshot.ts';
import { digestOf } from './canonical.ts';
import { buildPlan } from './plan.ts';

const HOUR_MS = 3_600_000;

function planned({ snapshot, results }: Scene) {
  const plan = buildPlan(snapshot, results);
  const status = plan.status ?? snapshot.modelVersion.status ?? {};
  const approved = status.conditions?.find(({ type }) => type === 'Approved');
  return { plan, status, reason: approved?.reason, message: approved?.message ?? '', stage: status.stage };
}

describe('a policy', () => {
  it('that allows moves the version to the stage asked for', () => {
    expect(planned(aScene().withPolicy('accuracy', allows()))).toMatchObject({
      reason: 'AutoApproved',
      stage: 'Production',
    });
  });

  it('that denies archives the version, whoever approved it', () => {
    const scene = aScene()
      .withPolicy('accuracy', allows())
      .withPolicy('cards', denies())
      .decidedBy('alice', 'approve', 'ok');
    expect(planned(scene)).toMatchObject({ reason: 'PolicyDenied', stage: 'Archived', message: 'no model card' });
  });

  it('with onReject: Keep leaves the stage as it was', () => {
    expect(planned(aScene().withPolicy('cards', denies(), { onReject: 'Keep' }))).toMatchObject({ stage: 'None' });
  });

  it('that says nothing asks for a person, named by the policy', () => {
    const { reason, message, stage } = planned(aScene().withPolicy('accuracy', {}, { approvers: ['group:ml-leads'] }));
    expect({ reason, stage }).toEqual({ reason: 'AwaitingApproval', stage: 'None' });
    expect(message).toBe('waits for 1 approval by group:ml-leads (no rule allows it)');
  });

  it.each([
    ['a number for allow', { allow: 7 }],
    ['true for allow', { allow: true }],
    ['a string for approvers', { require: [{ approvers: 'bob' }] }],
    ['objects for deny', { deny: [{ message: 'no' }] }],
    ['no document', 'yes'],
    ['a message without end', { allow: ['x'.repeat(100_000)] }],
    ['messages without end', { allow: Array.from({ length: 1000 }, (_, index) => `reason ${index}`) }],
    ['a count of zero', { require: [{ count: 0 }] }],
  ])('that gives %s is an error and the version waits', (_, document) => {
    const { reason, stage } = planned(aScene().withPolicy('odd', document).decidedBy('alice', 'approve', 'ok'));
    expect({ reason, stage }).toEqual({ reason: 'PolicyError', stage: 'None' });
  });

  it.each([
    ['requirements without end', { require: Array.from({ length: 3000 }, () => ({ approvers: ['alice'] })) }],
    ['thousands of mistakes', { require: Array.from({ length: 9000 }, () => ({ approvers: 'bob' })) }],
    [
      'more than a status has room for',
      {
        require: Array.from({ length: 60 }, (_, at) => ({
          approvers: Array.from({ length: 64 }, (_, other) => `${at}-${other}-${'x'.repeat(400)}`),
        })),
      },
    ],
  ])('that gives %s is an error, and the status stays small enough to store', (_, document) => {
    const scene = aScene().withPolicy('calm', denies()).withPolicy('wordy', document);
    const { reason, stage, status, message } = planned(scene.decidedBy('alice', 'approve', 'ok'));
    expect(['PolicyError', 'PolicyDenied']).toContain(reason);
    expect(stage).not.toBe('Production');
    expect(JSON.stringify(status).length).toBeLessThan(32 * 1024);
    expect(planned(aScene().withPolicy('wordy', document))).toMatchObject({ reason: 'PolicyError', stage: 'None' });
    expect(message.length).toBeLessThan(16 * 1024);
  });

  it('that is not in force lets people decide where it says failurePolicy: Manual', () => {
    const { snapshot } = aScene().withPolicy('broken', {}, { failurePolicy: 'Manual' });
    const policies = snapshot.policies.map((policy) => ({ ...policy, digest: null, problem: 'does not compile' }));
    const scene = aScene().with({ policies });
    expect(planned(scene)).toMatchObject({ reason: 'AwaitingApproval', stage: 'None' });
    expect(planned(scene.decidedBy('alice', 'approve', 'looked'))).toMatchObject({ reason: 'ManuallyApproved' });
  });

  it('in shadow is reported and decides nothing', () => {
    const scene = aScene().withPolicy('accuracy', allows()).withPolicy('next', denies(), { mode: 'Shadow' });
    const { reason, status } = planned(scene);
    expect(reason).toBe('AutoApproved');
    const told = status.decision?.policies.map(({ outcome, mode }) => [outcome, mode]);
    expect(told).toEqual([
      ['allow', undefined],
      ['deny', 'Shadow'],
    ]);
  });

  it('that is missing altogether leaves it to anyone who holds the verb', () => {
    const { message } = planned(aScene());
    expect(message).toBe('waits for 1 approval by anyone who may `approve` modelversions (no policy matches)');
    expect(planned(aScene().decidedBy('carol', 'approve', 'fine'))).toMatchObject({ reason: 'ManuallyApproved' });
  });
});

describe('an approval', () => {
  const waiting = aScene().withPolicy('leads', requires('group:ml-leads', 'alice'));

  it('by a named user moves the version, with user and reason on record', () => {
    const { reason, stage, status } = planned(waiting.decidedBy('alice', 'approve', 'checked by hand'));
    expect({ reason, stage }).toEqual({ reason: 'ManuallyApproved', stage: 'Production' });
    expect(status.approvals).toMatchObject([{ user: 'alice', reason: 'checked by hand', counted: true, at: START }]);
  });

  it('by a member of a named group counts', () => {
    const scene = waiting.decidedBy('dora', 'approve', 'ok', { groups: ['ml-leads'] });
    expect(planned(scene)).toMatchObject({ reason: 'ManuallyApproved' });
  });

  it('by somebody else is recorded and does not count', () => {
    const { reason, status, plan } = planned(waiting.decidedBy('mallory', 'approve', 'please'));
    expect(reason).toBe('AwaitingApproval');
    expect(status.approvals).toMatchObject([{ user: 'mallory', counted: false }]);
    expect(plan.events).toContainEqual(expect.objectContaining({ reason: 'ApprovalNotCounted' }));
  });

  it('by a user who is named like a group is not the group', () => {
    expect(planned(waiting.decidedBy('group:ml-leads', 'approve', 'hm'))).toMatchObject({ reason: 'AwaitingApproval' });
  });

  it('for an older generation counts for nothing', () => {
    const scene = waiting.decidedBy('alice', 'approve', 'ok').withSpec({ metrics: { accuracy: 0.5 } });
    expect(planned(scene)).toMatchObject({ reason: 'AwaitingApproval' });
  });

  it('for another version of the same name, which is gone, counts for nothing', () => {
    const two = aScene().withPolicy('two', { require: [{ approvers: ['alice', 'bob'], count: 2 }] });
    const { modelVersion } = two.decidedBy('alice', 'approve', 'ok').applied().snapshot;
    const reborn = { ...modelVersion, metadata: { ...modelVersion.metadata, uid: 'uid-8' } };
    const { reason, status } = planned(two.with({ modelVersion: reborn }).decidedBy('bob', 'approve', 'ok'));
    expect(reason).toBe('AwaitingApproval');
    expect(status.approvals).toMatchObject([
      { user: 'alice', counted: false, message: expect.stringContaining('another version of the same name') },
      { user: 'bob', counted: true },
    ]);
  });

  it('is void after a change of the spec, and says so', () => {
    const { reason, status } = planned(
      aScene()
        .withPolicy('two', { require: [{ approvers: ['alice', 'bob'], count: 2 }] })
        .decidedBy('alice', 'approve', 'ok')
        .applied()
        .withSpec({ metrics: { accuracy: 0.5 } })
        .decidedBy('bob', 'approve', 'ok'),
    );
    expect(reason).toBe('AwaitingApproval');
    expect(status.approvals).toMatchObject([
      { user: 'alice', counted: false },
      { user: 'bob', counted: true },
    ]);
    expect(status.approvals?.[0]?.message).toContain('the spec has changed');
  });

  it('counts a person once, however often they give it', () => {
    const twice = aScene()
      .withPolicy('two', { require: [{ approvers: ['alice', 'bob'], count: 2 }] })
      .decidedBy('alice', 'approve', 'ok')
      .applied()
      .decidedBy('alice', 'approve', 'ok again')
      .applied();
    expect(planned(twice)).toMatchObject({ reason: 'AwaitingApproval' });
    expect(planned(twice.decidedBy('bob', 'approve', 'me too'))).toMatchObject({ reason: 'ManuallyApproved' });
  });

  it('is not counted where no admission policy vouches for it, also not later', () => {
    const unverified = waiting.with({ approvalsVerified: false }).decidedBy('alice', 'approve', 'ok');
    const { reason, status, message } = planned(unverified);
    expect(reason).toBe('AwaitingApproval');
    expect(message).toContain('admission policies');
    expect(status.conditions).toContainEqual(expect.objectContaining({ type: 'ApprovalsVerified', status: 'False' }));
    expect(planned(unverified.applied().with({ approvalsVerified: true }))).toMatchObject({
      reason: 'AwaitingApproval',
    });
  });

  it.each([
    [
      'of whom it is in doubt who submitted it counts for nothing where duties are separate',
      'Doubted',
      'AwaitingApproval',
    ],
    ['of whom it is known who submitted it counts', 'Vouched', 'ManuallyApproved'],
  ] as const)('of a version %s', (_, submission, reason) => {
    const separate = aScene().withPolicy('leads', requires('alice'), { separationOfDuties: true });
    const first = separate.submittedBy('bob').with({ submission }).decidedBy('alice', 'approve', 'his').applied();
    expect(planned(first)).toMatchObject({ reason, status: { submission: { user: 'bob', generation: 1, at: START } } });
  });

  it('counts by who is recorded as the submitter, whatever the stamp says later', () => {
    const separate = aScene().withPolicy('leads', requires('alice'), { separationOfDuties: true });
    const recorded = separate.submittedBy('alice').with({ submission: 'Vouched' }).applied();
    const renamed = recorded.submittedBy('bob').decidedBy('alice', 'approve', 'not mine, is it?');
    expect(recorded.snapshot.modelVersion.status?.submission).toMatchObject({ user: 'alice', verified: true });
    expect(planned(renamed)).toMatchObject({ reason: 'AwaitingApproval' });
    const respecified = renamed.withSpec({ metrics: { accuracy: 0.95 } }).submittedBy('bob');
    expect(planned(respecified.decidedBy('alice', 'approve', 'his now'))).toMatchObject({ reason: 'ManuallyApproved' });
  });

  it('by the submitter does not count where duties are separate, nor where nobody knows the submitter', () => {
    const separate = aScene().withPolicy('leads', requires('alice'), { separationOfDuties: true });
    expect(planned(separate.submittedBy('alice').decidedBy('alice', 'approve', 'mine'))).toMatchObject({
      reason: 'AwaitingApproval',
    });
    expect(planned(separate.decidedBy('alice', 'approve', 'whose?'))).toMatchObject({ reason: 'AwaitingApproval' });
    expect(planned(separate.submittedBy('bob').decidedBy('alice', 'approve', 'his'))).toMatchObject({
      reason: 'ManuallyApproved',
    });
  });

  it("satisfies its own requirement only; the version's own approvers come on top", () => {
    const scene = waiting.withSpec({ approvers: ['team_lead'] }).decidedBy('alice', 'approve', 'ok');
    expect(planned(scene).message).toContain('1 approval by team_lead');
    expect(planned(scene.applied().decidedBy('team_lead', 'approve', 'ok'))).toMatchObject({
      reason: 'ManuallyApproved',
    });
  });
});

describe('an approval that did not count when it was given', () => {
  it('does not count later, when the policy that said so is gone for a moment', () => {
    const refused = aScene()
      .withPolicy('leads', requires('group:ml-leads'), { separationOfDuties: true })
      .submittedBy('mallory')
      .decidedBy('mallory', 'approve', 'mine is good')
      .applied();
    const { modelVersion } = refused.snapshot;
    const { status, reason } = planned(aScene().with({ modelVersion }));
    expect(reason).toBe('AwaitingApproval');
    expect(status.approvals).toMatchObject([{ user: 'mallory', counted: false }]);
  });

  it('because a policy erred does not count when it answers again, and another of the same person does', () => {
    const erring = aScene().withFailingPolicy('leads', 'took too long').decidedBy('alice', 'approve', 'ok');
    const { reason, status } = planned(erring);
    expect(reason).toBe('PolicyError');
    expect(status.approvals).toMatchObject([{ counted: false, message: expect.stringContaining('gave no answer') }]);
    const { modelVersion } = erring.applied().snapshot;
    expect(planned(aScene().with({ modelVersion }))).toMatchObject({ reason: 'AwaitingApproval' });
    const cured = aScene().withPolicy('leads', requires('alice')).with({ modelVersion });
    expect(planned(cured)).toMatchObject({ reason: 'AwaitingApproval' });
    expect(planned(cured.decidedBy('alice', 'approve', 'ok now'))).toMatchObject({ reason: 'ManuallyApproved' });
  });

  it('and one that did keeps counting while a policy errs, for the same content alone', () => {
    const two = { require: [{ approvers: ['alice', 'bob'], count: 2 }] };
    const { modelVersion } = aScene().withPolicy('two', two).decidedBy('alice', 'approve', 'ok').applied().snapshot;
    const erring = aScene().withFailingPolicy('two', 'took too long').with({ modelVersion });
    expect(planned(erring).status.approvals).toMatchObject([{ user: 'alice', counted: true }]);
    const changed = erring.withSpec({ metrics: { accuracy: 0.5 } });
    expect(planned(changed).status.approvals).toMatchObject([{ user: 'alice', counted: false }]);
  });
});

const failure = (code: string) => ({ kind: 'error', code, message: 'it failed', evaluationMicroseconds: 0 }) as const;

it.each([
  ...[failure('timeout'), failure('memory'), failure('quarantined'), failure('policy'), failure('input-too-large')],
  failure('champion-undecided'),
  { kind: 'value', value: { allow: 42 }, evaluationMicroseconds: 0 } as const,
])('what an editor can bring about asks nobody by failurePolicy: Manual (%o)', (result) => {
  const scene = aScene().withPolicy('leads', {}, { failurePolicy: 'Manual', approvers: ['eve'] });
  const failed = { ...scene.decidedBy('eve', 'approve', 'fine'), results: { leads: result } };
  expect(planned(failed)).toMatchObject({ reason: 'PolicyError', stage: 'None' });
});

describe('a rejection', () => {
  it('of older content rejects no newer one while a policy errs', () => {
    const people = aScene().withPolicy('people', requires('alice'));
    const { modelVersion } = people
      .decidedBy('alice', 'reject', 'biased')
      .applied()
      .withSpec({ stage: 'Staging' }).snapshot;
    const erring = aScene().withFailingPolicy('people', 'took too long').with({ modelVersion });
    expect(planned(erring)).toMatchObject({ reason: 'PolicyError' });
    expect(planned(erring).status.approvals).toMatchObject([{ verdict: 'reject', counted: false }]);
  });

  it('by somebody whom no policy names takes nothing away while a policy errs', () => {
    const served = aScene().withPolicy('people', requires('alice')).decidedBy('alice', 'approve', 'ok').applied();
    const { modelVersion } = served.withSpec({ metrics: { accuracy: 0.95 } }).snapshot;
    const erring = aScene().withFailingPolicy('people', 'took too long').with({ modelVersion });
    expect(planned(erring.decidedBy('eve', 'reject', 'spite'))).toMatchObject({
      reason: 'PolicyError',
      stage: 'Production',
    });
    const named = erring.withPolicy('leads', requires('bob')).decidedBy('bob', 'reject', 'biased');
    expect(planned(named)).toMatchObject({ reason: 'RejectedByApprover', stage: 'Archived' });
  });

  it('that did not count when it was given does not count later, when the policies ask nobody any more', () => {
    const refused = aScene()
      .withPolicy('people', requires('alice'))
      .decidedBy('eve', 'reject', 'I do not like it')
      .applied();
    const { snapshot } = refused;
    const relaxed = aScene().withPolicy('people', allows()).with({ modelVersion: snapshot.modelVersion });
    expect(planned(relaxed)).toMatchObject({ reason: 'AutoApproved', stage: 'Production' });
    expect(planned(relaxed).status.approvals).toMatchObject([{ user: 'eve', counted: false }]);
  });

  it('by an approver archives the version', () => {
    const { reason, stage, message } = planned(
      aScene().withPolicy('leads', requires('alice')).decidedBy('alice', 'reject', 'biased'),
    );
    expect({ reason, stage, message }).toEqual({
      reason: 'RejectedByApprover',
      stage: 'Archived',
      message: 'alice: biased',
    });
  });

  it('by somebody whom no requirement names changes nothing', () => {
    const scene = aScene().withPolicy('leads', requires('alice')).decidedBy('mallory', 'reject', 'spite');
    expect(planned(scene)).toMatchObject({ reason: 'AwaitingApproval' });
  });

  it('comes by itself when nobody approved in time, counted from the start of the waiting', () => {
    const scene = aScene().withPolicy('leads', requires('alice'), { pendingTimeout: '72h' });
    expect(planned(scene).plan.requeueAfterMs).toBe(72 * HOUR_MS);
    const later = scene.applied().after(71 * HOUR_MS);
    expect(planned(later).plan).toMatchObject({ status: null, events: [], records: [], requeueAfterMs: HOUR_MS });
    expect(planned(later.after(HOUR_MS))).toMatchObject({ reason: 'Expired', stage: 'Archived' });
  });
});

it('a version that errs after its time to be approved does not come back at once, again and again', () => {
  const scene = aScene()
    .withPolicy('leads', requires('alice'), { pendingTimeout: '1h' })
    .withFailingPolicy('slow', 'took too long')
    .applied()
    .after(2 * HOUR_MS);
  const { reason, plan } = planned(scene);
  expect(reason).toBe('PolicyError');
  expect(plan.requeueAfterMs).toBeUndefined();
});

describe('a decided generation', () => {
  const approved = aScene().withPolicy('leads', requires('alice')).decidedBy('alice', 'approve', 'ok').applied();

  it('stands when the policies change', () => {
    const { status, plan } = planned(approved.withPolicy('new', denies()));
    expect(status).toEqual({ ...approved.snapshot.modelVersion.status, conditions: expect.anything() });
    expect(plan.records).toEqual([]);
  });

  it('is written once: deciding again writes nothing', () => {
    expect(planned(approved.after(HOUR_MS)).plan).toMatchObject({ status: null, events: [], records: [] });
  });

  it('records a decision that comes too late, and does not count it', () => {
    const { status, stage } = planned(approved.decidedBy('alice', 'reject', 'sorry'));
    expect(stage).toBe('Production');
    expect(status.approvals?.at(-1)).toMatchObject({ verdict: 'reject', counted: false });
  });

  it('is archived when its approval is revoked by an approver, and by nobody else', () => {
    expect(planned(approved.decidedBy('mallory', 'revoke', 'x'))).toMatchObject({ stage: 'Production' });
    expect(planned(approved.decidedBy('alice', 'revoke', 'drift'))).toMatchObject({
      stage: 'Archived',
      reason: 'Revoked',
    });
  });

  it('that was rejected and kept its stage can be revoked', () => {
    const { modelVersion } = approved.withSpec({ metrics: { accuracy: 0.1 } }).snapshot;
    const kept = aScene().withPolicy('cards', denies(), { onReject: 'Keep' }).with({ modelVersion }).applied();
    expect(planned(kept)).toMatchObject({ reason: 'PolicyDenied', stage: 'Production' });
    expect(planned(kept.decidedBy('alice', 'revoke', 'drift'))).toMatchObject({ reason: 'Revoked', stage: 'Archived' });
  });

  it('is archived when another version takes its stage', () => {
    const { status, stage } = planned(approved.with({ supersededBy: 'fraud-8' }));
    expect(stage).toBe('Archived');
    expect(status.history).toMatchObject([
      { from: 'Production', to: 'Archived', reason: 'Superseded' },
      { to: 'Production' },
    ]);
  });

  it('chains its history: each entry carries the digest of the one before it', () => {
    const { status } = planned(approved.with({ supersededBy: 'fraud-8' }));
    expect(status.history?.[0]?.previousDigest).toBe(digestOf(status.history?.[1]));
  });
});

describe('a version that waits', () => {
  const waiting = aScene().withPolicy('leads', requires('alice')).applied();

  it('writes nothing while nothing changes', () => {
    expect(planned(waiting.after(HOUR_MS)).plan.status).toBeNull();
  });

  it('is judged again when the policies give another result', () => {
    expect(
      planned(aScene().withPolicy('leads', allows()).with({ modelVersion: waiting.snapshot.modelVersion })),
    ).toMatchObject({
      reason: 'AutoApproved',
    });
  });

  it('comes back within a minute where a policy reads the clock', () => {
    const policies = waiting.snapshot.policies.map((policy) => ({ ...policy, readsClock: true }));
    expect(planned(waiting.with({ policies })).plan.requeueAfterMs).toBe(60_000);
  });
});

it('a version that asks for no stage has nothing to be approved and no transition', () => {
  const { reason, status, stage } = planned(aScene().withSpec({ stage: 'None' }).withPolicy('cards', {}));
  expect({ reason, stage }).toEqual({ reason: 'AutoApproved', stage: 'None' });
  expect(status.history).toBeUndefined();
});
