import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import type { Person } from './person.ts';
import { prepareNeighbour, prepareScene, type Scene } from './scene.ts';
import { decide, expectRefused, expectWaitsFor, stateOf, untilState, WAITING } from './state.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.applyPlatformPolicy('two', {
    rego: 'package approval\n\nrequire contains {"reason": "two look at it"}\n',
    approvers: ['group:ml-leads'],
    required: 2,
    match: { selector: { matchLabels: { use: 'two' } } },
  });
  await scene.applyPlatformPolicy('accuracy', {
    rego: `package approval

allow contains "accurate" if input.modelVersion.spec.metrics.accuracy > 0.9

deny contains "not accurate" if input.modelVersion.spec.metrics.accuracy < 0.5
`,
    approvers: ['group:ml-leads'],
    onReject: 'Keep',
    match: { selector: { matchLabels: { use: 'accuracy' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const approval = (reason: string) => ({ [ANNOTATIONS.approve]: reason });
/** A policy approves it by itself. */
async function anAccurateVersion(): Promise<string> {
  const name = await scene.submit(scene.sam, { metadata: { labels: { use: 'accuracy' } } });
  await untilState(scene, name, { stage: 'Production', reason: 'AutoApproved' });
  return name;
}
const aVersionForTwo = () => scene.aWaitingVersion({ metadata: { labels: { use: 'two' } } });

describe('one request', () => {
  attack('an approver tries to approve together with a change of the spec and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const change = { metadata: { annotations: approval('with this change') }, spec: { metrics: { accuracy: 0.99 } } };
    const answer = refused('invalid', 'change the spec in one request and decide in another');
    await expectRefused(scene, name, () => scene.alice.merge(name, change), answer);
  });

  attack('an approver tries to approve and to reject in one request and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const both = { ...approval('yes'), [ANNOTATIONS.reject]: 'no' };
    const answer = refused('invalid', 'one decision a request');
    await expectRefused(scene, name, () => scene.alice.annotate(name, both), answer);
  });

  attack('an approver tries to approve without a reason and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const answer = refused('invalid', 'a decision needs a reason');
    await expectRefused(scene, name, () => scene.alice.annotate(name, approval(' \n')), answer);
  });

  attack('an approver tries to fill the status with a reason of 1,025 characters and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const answer = refused('invalid', 'a reason has at most 1024 characters');
    await expectRefused(scene, name, () => scene.alice.annotate(name, approval('🙂'.repeat(1025))), answer);
  });

  attack('an approver tries to approve in the name of another and gets a stamp of their own', async () => {
    const name = await scene.aWaitingVersion();
    const alices = '{"user":"alice","groups":["ml-leads","system:authenticated"],"generation":1,"verdict":"approve"}';
    expect(await scene.eve.annotate(name, { ...approval('as Alice'), [ANNOTATIONS.decidedBy]: alices })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name, ['eve approve, not counted']);
  });

  attack('an approver tries to approve in a dry run and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    const tryOut = { query: { dryRun: 'All' } };
    expect(await scene.mallory.merge(name, { metadata: { annotations: approval('only a try') } }, tryOut)).toEqual(
      DONE,
    );
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('an approver tries to write the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const patch = () => scene.alice.merge(name, { status: { stage: 'Production' } }, { subresource: 'status' });
    await expectRefused(scene, name, patch, refused('forbidden', 'cannot patch resource "modelversions/status"'));
  });
});

describe('whom the policy asks', () => {
  attack(
    'an approver tries to approve what a policy asks of others and gets a decision that does not count',
    async () => {
      const name = await scene.aWaitingVersion();
      await decide(scene.eve, name, 'approve');
      await expectWaitsFor(scene.alice, scene, name, ['eve approve, not counted']);
    },
  );

  attack(
    'an approver tries to reject what a policy asks of others and gets a decision that does not count',
    async () => {
      const name = await scene.aWaitingVersion();
      await decide(scene.eve, name, 'reject');
      await expectWaitsFor(scene.alice, scene, name, ['eve reject, not counted']);
    },
  );

  attack('an approver tries to revoke what others approved and gets a decision that does not count', async () => {
    const name = await scene.anApprovedVersion();
    await decide(scene.eve, name, 'revoke');
    await untilState(scene, name, { decisions: ['alice approve', 'eve revoke, not counted'] });
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'Production', reason: 'ManuallyApproved' });
  });

  // Where a policy alone has decided, no requirement names anybody: whoever holds the verb may take the stage away.
  limit('an approver whom no rule asks for tries to revoke what a policy approved and gets it revoked', async () => {
    const name = await anAccurateVersion();
    await decide(scene.eve, name, 'revoke');
    await untilState(scene, name, { stage: 'Archived', reason: 'Revoked', decisions: ['eve revoke'] });
  });

  limit(
    'an approver whom no rule asks for tries to revoke what is denied and serves and gets it archived',
    async () => {
      const name = await anAccurateVersion();
      expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
      await untilState(scene, name, { stage: 'Production', reason: 'PolicyDenied' });
      await decide(scene.eve, name, 'revoke');
      await untilState(scene, name, { stage: 'Archived', reason: 'Revoked', decisions: ['eve revoke'] });
    },
  );

  attack(
    'an approver tries to revoke what others rejected and still serves and gets a decision that does not count',
    async () => {
      const name = await anAccurateVersion();
      expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.7 } } })).toEqual(DONE);
      await untilState(scene, name, { reason: 'AwaitingApproval' });
      await decide(scene.alice, name, 'reject');
      await untilState(scene, name, { stage: 'Production', reason: 'RejectedByApprover' });
      await decide(scene.eve, name, 'revoke');
      await untilState(scene, name, { stage: 'Production', decisions: ['alice reject', 'eve revoke, not counted'] });
      await decide(scene.alice, name, 'revoke');
      await untilState(scene, name, { stage: 'Archived', reason: 'Revoked' });
    },
  );

  attack('an approver tries to approve what another has rejected and gets a decision that does not count', async () => {
    const name = await scene.aWaitingVersion();
    await decide(scene.alice, name, 'reject');
    await untilState(scene, name, { reason: 'RejectedByApprover' });
    await decide(scene.mallory, name, 'approve');
    await untilState(scene, name, { decisions: ['alice reject', 'mallory approve, not counted'] });
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'Archived', reason: 'RejectedByApprover' });
  });

  // An annotation that is written again as it stands changes nothing, so nobody can tell that somebody wrote it.
  limit('an approver tries to write the very reason that another will write and gets the other ignored', async () => {
    const name = await scene.aWaitingVersion();
    await decide(scene.eve, name, 'approve', 'looks good');
    await untilState(scene, name, { decisions: ['eve approve, not counted'] });
    expect(await scene.alice.annotate(name, approval('looks good'))).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name, ['eve approve, not counted']);
  });

  attack('an approver tries to approve twice where two are asked for and gets counted once', async () => {
    const name = await aVersionForTwo();
    await decide(scene.alice, name, 'approve', 'once');
    await decide(scene.alice, name, 'approve', 'twice');
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve', 'alice approve'] });
    expect((await scene.read(name)).status?.decision?.requirements).toMatchObject([
      { count: 2, approvedBy: ['alice'] },
    ]);
  });

  attack('an approver tries to approve the second time through another group and gets counted once', async () => {
    const name = await aVersionForTwo();
    const again = await scene.person({ user: 'alice', groups: ['ml-leads', 'risk'] });
    await decide(scene.alice, name, 'approve', 'once');
    await decide(again, name, 'approve', 'as somebody of risk');
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve', 'alice approve'] });
  });
});

describe('where the right ends', () => {
  const FORBIDDEN = refused('forbidden', 'may not decide');

  attack('an approver tries to approve in a namespace that is not theirs and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    await using elsewhere = await prepareNeighbour();
    const nina = await elsewhere.person({ user: 'nina', groups: ['ml-leads'] }, 'assent-approver');
    await scene.person({ user: 'nina', groups: ['ml-leads'] }, 'assent-submitter');
    const request = {
      method: 'PATCH',
      path: scene.sam.path(name),
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations: approval('from next door') } },
    } as const;
    await expectRefused(scene, name, () => nina.send(request), FORBIDDEN);
  });

  attack('an approver of one version by name tries to approve another and gets Forbidden', async () => {
    const [mine, other] = await Promise.all([scene.aWaitingVersion(), scene.aWaitingVersion()]);
    const noah = await approverOf(mine);
    await expectRefused(scene, other, () => noah.annotate(other, approval('this one too')), FORBIDDEN);
    await expectWaitsFor(noah, scene, mine);
  });

  attack('an approver of one version by name tries to create a nameless approved one and gets Forbidden', async () => {
    const noah = await approverOf(await scene.aWaitingVersion());
    const metadata = { generateName: 'nameless-', annotations: approval('born good') };
    expect(await noah.create({ metadata })).toEqual(FORBIDDEN);
  });
});

/** May edit all versions, and approve the one of that name. */
async function approverOf(name: string): Promise<Person> {
  const role = `${scene.namespace}-${name}`;
  const rules = [
    { apiGroups: ['assent.dev'], resources: ['modelversions'], verbs: ['approve'], resourceNames: [name] },
  ];
  await scene.apply({
    apiVersion: 'rbac.authorization.k8s.io/v1',
    kind: 'ClusterRole',
    metadata: { name: role },
    rules,
  });
  return scene.person({ user: `noah-${name}`, groups: ['ml-leads'] }, 'assent-submitter', role);
}
