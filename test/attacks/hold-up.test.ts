import { afterAll, beforeAll, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, refused } from './attack.ts';
import { prepareScene, type Scene } from './scene.ts';
import { decide, expectRefused, type State, stateOf, untilState } from './state.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const WRITERS = 4;
/** So many edits may come between a decision and its effect, however long each of them takes. */
const PATIENCE = 150;

/**
 * Edits the version in a loop, and has somebody decide meanwhile.
 *
 * @returns what has become of it while it is still being edited
 */
async function stateUnderEdits(name: string, act: () => Promise<unknown>, reason: string): Promise<State> {
  let edits = 0;
  let last = Number.POSITIVE_INFINITY;
  const edit = async (editor: number): Promise<void> => {
    while (edits < last) {
      const metadata = { labels: { [`l${editor}`]: `v${edits}` }, annotations: { 'example.com/note': `n${edits}` } };
      if ((await scene.sam.merge(name, { metadata })).kind === 'done') edits++;
    }
  };
  const editing = Promise.all(Array.from({ length: WRITERS }, (_, editor) => edit(editor)));
  await act();
  last = edits + PATIENCE;
  let state = await stateOf(scene, name);
  while (state.reason !== reason && edits < last) state = await stateOf(scene, name);
  last = 0;
  await editing;
  return state;
}

attack('an editor tries to hold up a revocation by edits without end and gets it revoked', async () => {
  const name = await scene.anApprovedVersion();
  const revoke = () => decide(scene.alice, name, 'revoke');
  expect(await stateUnderEdits(name, revoke, 'Revoked')).toMatchObject({ stage: 'Archived', reason: 'Revoked' });
});

attack('an editor tries to hold up a rejection by edits without end and gets it rejected', async () => {
  const name = await scene.aWaitingVersion();
  const reject = () => decide(scene.alice, name, 'reject');
  const reason = 'RejectedByApprover';
  expect(await stateUnderEdits(name, reject, reason)).toMatchObject({ stage: 'Archived', reason });
});

// Until it is recorded, nobody else's decision is taken.
attack('an editor tries to keep a void decision unrecorded by edits without end and gets it recorded', async () => {
  const name = await scene.anApprovedVersion();
  expect(await scene.eve.annotate(name, { [ANNOTATIONS.revoke]: 'not mine to say' })).toEqual(DONE);
  const revoke = () => decide(scene.alice, name, 'revoke');
  expect(await stateUnderEdits(name, revoke, 'Revoked')).toMatchObject({
    decisions: ['alice approve', 'eve revoke, not counted', 'alice revoke'],
  });
});

attack('an editor tries to fill a version up so that its revocation finds no room and gets Invalid', async () => {
  const name = await scene.anApprovedVersion();
  const labels = Object.fromEntries(Array.from({ length: 129 }, (_, at) => [`l${at}`, 'v']));
  const fill = (metadata: object) => () => scene.sam.merge(name, { metadata });
  await expectRefused(scene, name, fill({ labels }), refused('invalid', 'metadata.labels has at most 128 entries'));
  const annotations = { 'example.com/pad': '<'.repeat(250_000) };
  await expectRefused(scene, name, fill({ annotations }), refused('invalid', 'each of which is stored as six bytes'));
  await decide(scene.alice, name, 'revoke', 'r'.repeat(1_000));
  await untilState(scene, name, { stage: 'Archived', reason: 'Revoked' });
});
