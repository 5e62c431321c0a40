import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANNOTATIONS, type Verdict } from '../../src/api/index.ts';
import { attack, DONE, refused } from './attack.ts';
import { prepareScene, type Scene } from './scene.ts';
import { draftOf, expectRefused, untilState } from './state.ts';

// No operator runs until the attacks are over: every decision stays unrecorded, which otherwise lasts milliseconds.
let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

/** By version: what Alice decided, and nobody could take away. */
const decided = new Map<string, Verdict>();

async function decidedByAlice(verdict: Verdict): Promise<string> {
  const name = await scene.submit(scene.sam);
  expect(await scene.alice.annotate(name, { [ANNOTATIONS[verdict]]: 'first' })).toEqual(DONE);
  decided.set(name, verdict);
  return name;
}

const TRY_AGAIN = refused('invalid', 'is not recorded yet: try again in a moment');
const SPEC_MUST_WAIT = refused('invalid', 'the spec cannot change before that: try again in a moment');

describe('before a decision is recorded', () => {
  attack('a submitter tries to remove an unrecorded rejection and gets told to wait', async () => {
    const name = await decidedByAlice('reject');
    await expectRefused(scene, name, () => scene.sam.annotate(name, { [ANNOTATIONS.reject]: null }), TRY_AGAIN);
  });

  attack(
    'a submitter tries to lose an unrecorded rejection by replacing the version and gets told to wait',
    async () => {
      const name = await decidedByAlice('reject');
      const { metadata, spec } = await draftOf(scene, name);
      const { annotations: _, ...bare } = metadata;
      await expectRefused(scene, name, () => scene.sam.replace(name, { metadata: bare, spec }), TRY_AGAIN);
    },
  );

  attack(
    'a submitter tries to dodge an unrecorded rejection by a change of the spec and gets told to wait',
    async () => {
      const name = await decidedByAlice('reject');
      const change = () => scene.sam.merge(name, { spec: { metrics: { accuracy: 0.99 } } });
      await expectRefused(scene, name, change, SPEC_MUST_WAIT);
    },
  );

  attack('a submitter tries to dodge an unrecorded rejection with a forged stamp and gets told to wait', async () => {
    const name = await decidedByAlice('reject');
    const forged = '{"user":"alice","groups":["ml-leads"],"generation":1,"verdict":"approve"}';
    const metadata = { annotations: { [ANNOTATIONS.decidedBy]: forged } };
    const change = () => scene.sam.merge(name, { metadata, spec: { metrics: { accuracy: 0.99 } } });
    await expectRefused(scene, name, change, SPEC_MUST_WAIT);
  });

  attack('an approver tries to write over the unrecorded rejection of another and gets told to wait', async () => {
    const name = await decidedByAlice('reject');
    const annotations = { [ANNOTATIONS.approve]: 'no, it is fine' };
    await expectRefused(scene, name, () => scene.mallory.annotate(name, annotations), TRY_AGAIN);
  });

  attack('an approver tries to change the reason of an unrecorded approval and gets told to wait', async () => {
    const name = await decidedByAlice('approve');
    const annotations = { [ANNOTATIONS.approve]: 'for other reasons' };
    await expectRefused(scene, name, () => scene.eve.annotate(name, annotations), TRY_AGAIN);
  });

  attack('a cluster admin tries to remove an unrecorded approval and gets told to wait', async () => {
    const name = await decidedByAlice('approve');
    await expectRefused(scene, name, () => scene.admin.annotate(name, { [ANNOTATIONS.approve]: null }), TRY_AGAIN);
  });
});

test('the operator, when it comes, finds every decision as it was made', async () => {
  await scene.startOperator();
  for (const [name, verdict] of decided) {
    const reason = verdict === 'approve' ? 'ManuallyApproved' : 'RejectedByApprover';
    await untilState(scene, name, { reason, decisions: [`alice ${verdict}`] });
  }
  expect(decided.size).toBe(7);
});
