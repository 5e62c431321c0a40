import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ADMISSION_NAMES } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { loadCluster } from '../../src/kube/index.ts';
import { DONE, refused } from '../attacks/attack.ts';
import type { Answer } from '../attacks/person.ts';
import { prepareScene, type Scene } from '../attacks/scene.ts';
import { untilState } from '../attacks/state.ts';
import { until } from './until.ts';

// A control plane of its own: these tests take an admission policy away.
let controlPlane: ControlPlane;
let scene: Scene;
beforeAll(async () => {
  controlPlane = await startControlPlane({});
  scene = await prepareScene(controlPlane);
  await scene.applyPlatformPolicy('large', {
    rego: 'package approval\n\nrequire contains {"reason": "a person looks at it"}\n',
    approvers: ['group:ml-leads'],
    match: { selector: { matchLabels: { use: 'large' } } },
    limits: { input: '4Mi' },
  });
});
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

const entries = (count: number, entry: (at: number) => readonly [string, string]) =>
  Object.fromEntries(Array.from({ length: count }, (_, at) => entry(at)));
const names = (count: number) => Array.from({ length: count }, (_, at) => `example.com/${'f'.repeat(59)}-${at + 100}`);
const prefix = `${'a'.repeat(60)}.`.repeat(4);
const owner = (characters: number) => ({ apiVersion: 'v1', kind: 'K', name: '<'.repeat(characters), uid: 'u' });

/** Beside its other texts, and what an owner is counted for. */
const OWNER = 16 * 1024 - 64 - 4;

/** The most of everything that an editor may write; `use` and the two stamps are there already. */
const MOST = {
  labels: entries(127, (at) => [`${prefix}example/${'k'.repeat(59)}-${at + 100}`, 'v'.repeat(63)]),
  finalizers: names(32),
  ownerReferences: [owner(OWNER)],
  generateName: 'g'.repeat(253),
  annotations: {
    ...entries(510, (at) => [`p${at + 100}`, '']),
    'example.com/escaped': '<'.repeat(32 * 1024),
    'example.com/quoted': '"'.repeat(218 * 1024),
  },
};
const REASON = 'it was trained on the test data <'.padEnd(1_000, '.');
const merge = (name: string, metadata: Readonly<Record<string, unknown>>): Promise<Answer> =>
  scene.sam.merge(name, { metadata });

it('a version that an editor fills as far as they may is revoked all the same, and at length', async () => {
  await using _ = await scene.startOperator();
  const parameters = entries(250, (at) => [`p${at}`, 'x'.repeat(2_000)]);
  const name = await scene.anApprovedVersion({ metadata: { labels: { use: 'large' } }, spec: { parameters } });
  expect(await merge(name, MOST)).toEqual(DONE);
  // Managers of fields list their keys once more. The API server forgets them where there is no room.
  const { spec } = await scene.read(name);
  for (let at = 0; at < 16; at++)
    await scene.sam.apply(name, { metadata: { labels: MOST.labels }, spec }, { manager: `manager-${at}` });
  expect(await scene.alice.annotate(name, { [ANNOTATIONS.revoke]: REASON })).toEqual(DONE);
  await untilState(scene, name, { stage: 'Archived', reason: 'Revoked' });
  expect(await merge(name, { finalizers: null })).toEqual(DONE);
}, 120_000);

describe('by one more', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['label', { labels: { more: 'v' } }, 'at most 128 entries, and here it would be 129'],
    ['annotation', { annotations: { p1: '' } }, 'at most 512 entries, and here it would be 513'],
    ['character that is stored as six', { annotations: { p100: '\u0001' } }, 'have at most 32 KiB together'],
    ['finalizer', { finalizers: names(33) }, 'at most 32 entries'],
    ['character in the name of an owner', { ownerReferences: [owner(OWNER + 1)] }, 'at most 16 KiB'],
    ['character of a prefix', { generateName: 'g'.repeat(254) }, 'at most 253 characters'],
  ])('%s a version does not grow', async (_, metadata, words) => {
    const name = await scene.submit(scene.sam, { metadata: { labels: { use: 'large' } } });
    expect(await merge(name, MOST)).toEqual(DONE);
    expect(await merge(name, metadata)).toEqual(refused('invalid', words));
  });
});

it('a version that was filled before there were bounds may be edited, decided on and deleted, and grows no more', async () => {
  await using cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  const path = `/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings/${ADMISSION_NAMES.schema}`;
  await cluster.request({ method: 'DELETE', path });
  const filled = {
    labels: entries(200, (at) => [`l${at}`, 'v']),
    annotations: { 'example.com/escaped': '<'.repeat(64 * 1024) },
    finalizers: names(40),
    ownerReferences: [owner(20 * 1024)],
    generateName: 'g'.repeat(300),
  };
  const crowded = { annotations: entries(20_000, (at) => [`p${at}`, '']) };
  const versions = [await scene.submit(scene.sam), await scene.submit(scene.sam)] as const;
  await until(() => merge(versions[0], filled), DONE);
  expect(await merge(versions[1], crowded)).toEqual(DONE);
  await install(cluster);
  await until(() => merge(versions[0], { labels: { more: 'v' } }), refused('invalid', 'here it would be 201'));
  expect(await merge(versions[1], { annotations: { more: 'v' } })).toEqual(refused('invalid', 'at most 512'));
  for (const name of versions) {
    expect(await merge(name, { labels: { l1: 'w' } })).toEqual(DONE);
    expect(await scene.alice.annotate(name, { [ANNOTATIONS.approve]: REASON })).toEqual(DONE);
    expect(await merge(name, { finalizers: null })).toEqual(DONE);
    expect(await scene.sam.remove(name)).toEqual(DONE);
  }
}, 120_000);
