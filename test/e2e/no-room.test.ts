import { afterAll, beforeAll, expect, it } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { DONE } from '../attacks/attack.ts';
import { prepareScene, type Scene } from '../attacks/scene.ts';
import { untilState } from '../attacks/state.ts';

let scene: Scene;

beforeAll(async () => {
  scene = await prepareScene();
  await scene.startOperator();
}, 240_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

/** As many as etcd takes beside what is there; managers of fields list their keys once more. */
async function fillWithLabels(name: string): Promise<void> {
  const prefix = `${'a'.repeat(60)}.`.repeat(3);
  const label = (at: number) => [`${prefix}example/${String(at).padStart(4, '0')}${'k'.repeat(50)}`, 'v'.repeat(63)];
  let count = 0;
  for (let step = 2048; step >= 4; step = Math.floor(step / 2)) {
    const more = () => Object.fromEntries(Array.from({ length: step }, (_, at) => label(count + at)));
    while ((await scene.sam.merge(name, { metadata: { labels: more() } })).kind === 'done') count += step;
  }
}

it('an editor who fills an approved version up to the last byte does not keep its revocation away', async () => {
  const name = await scene.anApprovedVersion();
  await fillWithLabels(name);
  const pad = (length: number) =>
    scene.sam.merge(name, { metadata: { annotations: { 'example.com/pad': 'x'.repeat(length) } } });
  let [low, high] = [0, 9_000];
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((await pad(middle)).kind === 'done') low = middle;
    else high = middle - 1;
  }
  // What the annotation of the approver takes itself.
  expect(await pad(Math.max(0, low - 800))).toEqual(DONE);
  expect(await scene.alice.annotate(name, { [ANNOTATIONS.revoke]: 'poisoned' })).toEqual(DONE);
  await untilState(scene, name, { stage: 'Archived', reason: 'Revoked' });
  await scene.admin.remove(name);
}, 120_000);
