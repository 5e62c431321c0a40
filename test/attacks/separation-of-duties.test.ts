import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS, API_VERSION } from '../../src/api/index.ts';
import { attack, DONE, limit } from './attack.ts';
import type { Draft, Person } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { decide, draftOf, expectWaitsFor, untilState } from './state.ts';

// Mallory submits versions, holds the verb, and is of the group that approves. Duties are separate.
let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.applyPlatformPolicy('separate', {
    rego: 'package approval\n\nrequire contains {"reason": "somebody else looks at it"}\n',
    approvers: ['group:ml-leads'],
    separationOfDuties: true,
    match: { selector: { matchLabels: { use: 'separate' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const submitSeparate = (by: Person, { annotations = {}, labels = {} }: Draft['metadata'] = {}): Promise<string> =>
  scene.submit(by, { metadata: { annotations, labels: { use: 'separate', ...labels } } });

/** Mallory's approval does not count, and Alice's does. */
async function expectMalloryDoesNotCount(name: string): Promise<void> {
  await decide(scene.mallory, name, 'approve');
  await expectWaitsFor(scene.alice, scene, name, ['mallory approve, not counted']);
}

describe('the submitter who is an approver', () => {
  attack(
    'a submitter with the verb tries to approve their own version and gets a decision that does not count',
    async () => {
      await expectMalloryDoesNotCount(await submitSeparate(scene.mallory));
    },
  );

  attack(
    'a submitter with the verb tries to create their version approved and gets a decision that does not count',
    async () => {
      const annotations = { [ANNOTATIONS.approve]: 'mine is good' };
      const name = await submitSeparate(scene.mallory, { annotations });
      await untilState(scene, name, { decisions: ['mallory approve, not counted'] });
      await expectWaitsFor(scene.alice, scene, name, ['mallory approve, not counted']);
    },
  );

  attack('a submitter with the verb tries to edit a label first and gets a decision that does not count', async () => {
    const name = await submitSeparate(scene.mallory);
    expect(await scene.mallory.merge(name, { metadata: { labels: { touched: 'yes' } } })).toEqual(DONE);
    await expectMalloryDoesNotCount(name);
  });

  attack(
    'a submitter with the verb tries to have a colleague apply the same spec and gets named as the submitter still',
    async () => {
      const name = await submitSeparate(scene.mallory);
      const { spec } = await draftOf(scene, name);
      expect(await scene.sam.apply(name, { metadata: { labels: { use: 'separate' } }, spec })).toEqual(DONE);
      await expectMalloryDoesNotCount(name);
    },
  );

  attack(
    'a submitter with the verb tries to name another submitter in the stamp and gets named as the submitter still',
    async () => {
      const name = await submitSeparate(scene.mallory);
      const sams = '{"user":"sam","groups":["data-science","system:authenticated"],"generation":1}';
      expect(await scene.mallory.annotate(name, { [ANNOTATIONS.submittedBy]: sams })).toEqual(DONE);
      await expectMalloryDoesNotCount(name);
    },
  );

  attack('a submitter with the verb tries to remove the stamp and gets named as the submitter still', async () => {
    const name = await submitSeparate(scene.mallory);
    expect(await scene.mallory.annotate(name, { [ANNOTATIONS.submittedBy]: null })).toEqual(DONE);
    await expectMalloryDoesNotCount(name);
  });

  attack(
    'a submitter with the verb tries to take over the version of another and gets named as the submitter',
    async () => {
      const name = await submitSeparate(scene.sam);
      expect(await scene.mallory.merge(name, { spec: { metrics: { accuracy: 0.99 } } })).toEqual(DONE);
      await expectMalloryDoesNotCount(name);
    },
  );

  attack(
    'a submitter with the verb tries to allow it by a policy of the namespace and gets it forbidden still',
    async () => {
      await scene.apply({
        apiVersion: API_VERSION,
        kind: 'ApprovalPolicy',
        metadata: { name: 'together', namespace: scene.namespace },
        spec: {
          modules: { 'approval.rego': 'package approval\n\nallow contains "we trust each other"\n' },
          separationOfDuties: false,
          match: { selector: { matchLabels: { together: 'yes' } } },
        },
      });
      const name = await submitSeparate(scene.mallory, { labels: { together: 'yes' } });
      await decide(scene.mallory, name, 'approve');
      await untilState(scene, name, { stage: 'None', decisions: ['mallory approve, not counted'] });
    },
  );

  attack('an approver tries to change the spec with their right to patch and gets named as the submitter', async () => {
    const name = await submitSeparate(scene.sam);
    expect(await scene.alice.merge(name, { spec: { metrics: { accuracy: 0.99 } } })).toEqual(DONE);
    await decide(scene.alice, name, 'approve');
    await expectWaitsFor(scene.mallory, scene, name, ['alice approve, not counted']);
  });

  // Who else has written to it is in the audit log of the API server, not on the version.
  limit(
    'a submitter with the verb tries to change the spec through a second account and gets their approval counted',
    async () => {
      const name = await submitSeparate(scene.mallory);
      expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.94 } } })).toEqual(DONE);
      await decide(scene.mallory, name, 'approve');
      await untilState(scene, name, { stage: 'Production', reason: 'ManuallyApproved' });
    },
  );
});
