import { describe, expect, it } from 'vitest';
import { allows, aScene, denies, requires, type Scene } from '../../test/a-snapshot.ts';
import { findCompliance, snapshotToAsk } from './compliance.ts';
import { buildPlan } from './plan.ts';
import { verifyStatus } from './verify-version.ts';

const approved = aScene().withPolicy('accuracy', allows()).applied();
const DAY_MS = 86_400_000;

/** The same version under other policies, which is what `approved` of them said. */
function under(policies: Scene, version: Scene = approved): Scene {
  const { modelVersion } = version.snapshot;
  return policies.with({ modelVersion });
}

const planned = ({ snapshot, results }: Scene) => buildPlan(snapshot, results);
const complianceOf = (scene: Scene) => findCompliance(planned(scene).status ?? scene.snapshot.modelVersion.status);

describe('a decision that stands', () => {
  const denied = under(aScene().withPolicy('accuracy', allows()).withPolicy('cards', denies()));

  it('is reported where the policies of today deny it, and changed in nothing', () => {
    const { status, events, records } = planned(denied);
    const before = approved.snapshot.modelVersion.status;
    expect(status).toEqual({ ...before, conditions: [...(before?.conditions ?? []), findCompliance(status ?? {})] });
    expect(findCompliance(status ?? {})).toMatchObject({
      status: 'False',
      reason: 'PolicyDenies',
      message:
        'the policies of today deny it (no model card); the decision stands until the spec changes or it is revoked',
    });
    expect(events).toMatchObject([{ type: 'Warning', reason: 'PolicyDenies' }]);
    expect(records).toEqual([]);
    expect(verifyStatus({ ...approved.snapshot.modelVersion, status: status ?? {} })).toBeNull();
  });

  it('is reported once', () => {
    expect(planned(denied.applied().after(DAY_MS))).toEqual({ status: null, events: [], records: [] });
  });

  it('is reported where the policies of today ask for people who have not signed', () => {
    const asks = under(aScene().withPolicy('accuracy', requires('alice')));
    expect(complianceOf(asks.withPolicy('risk', requires('group:risk')))).toMatchObject({
      status: 'False',
      reason: 'ApprovalMissing',
      message: expect.stringContaining('waits for 1 approval by alice and 1 approval by group:risk'),
    });
  });

  it('has nothing written where other policies find no fault with it', () => {
    expect(planned(under(aScene().withPolicy('cards', allows())))).toEqual({ status: null, events: [], records: [] });
  });

  it.each<readonly [string, Scene]>([
    ['the policies are again those that decided it', aScene().withPolicy('accuracy', allows())],
    ['other policies allow it', aScene().withPolicy('cards', allows())],
  ])('is without fault again when %s', (_, policies) => {
    const { status, events } = planned(under(policies, denied.applied()).after(DAY_MS));
    expect(findCompliance(status ?? {})).toMatchObject({ status: 'True', reason: 'PoliciesAllow' });
    expect(events).toMatchObject([{ type: 'Normal', reason: 'PoliciesAllow' }]);
  });

  const manual = aScene().withPolicy('cards', {}, { failurePolicy: 'Manual' });
  const uncompiled = manual.with({ policies: manual.snapshot.policies.map((policy) => ({ ...policy, digest: null })) });

  it.each<readonly [string, Scene]>([
    ['fails', under(aScene().withFailingPolicy('slow', 'took too long'))],
    ['does not compile, and asks people then', under(uncompiled)],
    ['was not asked', (({ snapshot }) => ({ ...denied, snapshot, results: {} }))(denied)],
  ])('is not judged by a policy that %s', (_, scene) => {
    expect(complianceOf(scene)).toBeUndefined();
  });

  it('keeps what was said of it while a policy fails, and while nobody vouches for its submitter', () => {
    const told = complianceOf(denied);
    expect(complianceOf(under(aScene().withFailingPolicy('slow', 'took too long'), denied.applied()))).toEqual(told);
    const unverified = under(aScene(), denied.applied()).with({ approvalsVerified: false });
    expect(complianceOf(unverified)).toEqual(told);
  });

  it('is judged by the approvals that it has', () => {
    const two = (count: number) =>
      aScene().withPolicy('people', { require: [{ approvers: ['alice', 'bob'], count }] }, { parameters: { count } });
    const signed = two(1).decidedBy('alice', 'approve', 'ok').applied();
    expect(complianceOf(under(two(2), signed))).toMatchObject({ reason: 'ApprovalMissing' });
    expect(complianceOf(under(two(1).withPolicy('cards', denies(), { mode: 'Shadow' }), signed))).toBeUndefined();
  });

  it('is no longer judged when it is revoked or superseded', () => {
    const people = aScene().withPolicy('people', requires('alice')).decidedBy('alice', 'approve', 'ok').applied();
    const faulty = under(aScene().withPolicy('cards', denies()), people).applied();
    expect(complianceOf(faulty)).toMatchObject({ status: 'False' });
    expect(complianceOf(faulty.with({ supersededBy: 'fraud-8' }))).toBeUndefined();
    expect(complianceOf(faulty.decidedBy('alice', 'revoke', 'drift'))).toBeUndefined();
  });
});

it.each<readonly [string, Scene]>([
  ['rejected', aScene().withPolicy('cards', denies()).applied()],
  ['archived', aScene().withSpec({ stage: 'Archived' }).applied()],
])('a version that is %s is not judged again', (_, version) => {
  const { snapshot } = under(aScene().withPolicy('other', allows()), version);
  expect(snapshotToAsk(snapshot)).toBeNull();
});

it('the policies are asked about the version as it was: its stage, the time, and no annotation since', () => {
  const later = under(aScene().withPolicy('cards', denies())).after(DAY_MS).decidedBy('alice', 'reject', 'too late');
  const { modelVersion, now } = approved.snapshot;
  expect(snapshotToAsk(later.snapshot)).toMatchObject({
    modelVersion: { metadata: { annotations: {} }, spec: modelVersion.spec, status: { stage: 'None' } },
    now,
  });
  expect(later.snapshot.now).not.toBe(now);
});
