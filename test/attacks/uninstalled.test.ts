import { afterAll, beforeAll, expect, test } from 'vitest';
import { ADMISSION_NAMES } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane, type User } from '../../src/dev/index.ts';
import { type Cluster, loadCluster } from '../../src/kube/index.ts';
import { isAllDoubtRecorded } from '../e2e/doubt.ts';
import { until } from '../e2e/until.ts';
import { attack, DONE } from './attack.ts';
import type { Draft, Person } from './person.ts';
import { prepareScene, SAM, type Scene } from './scene.ts';
import { decide, expectWaitsFor, untilState, WAITING } from './state.ts';

// Who submitted a version is a stamp, and stamps are as good as the admission policies: here those are taken away and put
// back, once while no operator runs and once while one does. A control plane of its own, for that.
let controlPlane: ControlPlane;
let cluster: Cluster;
let scene: Scene;

const ADMISSION = '/apis/admissionregistration.k8s.io/v1';
const SEPARATE = { use: 'separate' };
const ONLY_SAM = { use: 'only-sam' };

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  scene = await prepareScene(controlPlane);
  await scene.applyPlatformPolicy('separate', {
    rego: 'package approval\n\nrequire contains {"reason": "somebody else looks at it"}\n',
    approvers: ['group:ml-leads'],
    separationOfDuties: true,
    match: { selector: { matchLabels: SEPARATE } },
  });
  await scene.applyPlatformPolicy('only-sam', {
    rego: 'package approval\n\nallow contains "from Sam" if input.submitter.user == "sam"\n',
    approvers: ['group:ml-leads'],
    match: { selector: { matchLabels: ONLY_SAM } },
  });
  const before = await scene.startOperator();
  await Promise.all([submitBy(scene.mallory, 'renamed', SEPARATE), submitBy(scene.sam, 'kept', SEPARATE)]);
  await Promise.all(['renamed', 'kept'].map((name) => untilState(scene, name, WAITING)));
  await before[Symbol.asyncDispose]();

  await whileUninstalled(async () => {
    await rename('renamed');
    await submitForged('unseen', SEPARATE);
    await submitForged('allowed', ONLY_SAM);
    await submitForged('late', {});
  });
  await scene.startOperator();
  await untilState(scene, 'late', WAITING);

  await submitBy(scene.mallory, 'renamed-live', SEPARATE);
  await untilState(scene, 'renamed-live', WAITING);
  await whileUninstalled(async () => {
    await rename('renamed-live');
    await submitForged('seen', SEPARATE);
    await submitForged('allowed-live', ONLY_SAM);
    await submitForged('late-live', {});
    await untilState(scene, 'late-live', WAITING);
  });
  await until(() => isAllDoubtRecorded(cluster), true);
}, 300_000);
afterAll(async () => {
  await scene?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

const stampOf = ({ user, groups }: User): string =>
  JSON.stringify({ user, groups: [...groups, 'system:authenticated'], generation: 1 });
const SAMS = { [ANNOTATIONS.submittedBy]: stampOf(SAM) };

async function submitBy(by: Person, name: string, labels: Record<string, string>, draft: Draft = {}): Promise<void> {
  await scene.submit(by, { metadata: { name, labels, ...draft.metadata } });
}

/** Mallory writes, as if Sam had: where nobody checks, that stays. */
const submitForged = (name: string, labels: Record<string, string>) =>
  submitBy(scene.mallory, name, labels, { metadata: { annotations: SAMS } });

/** Mallory makes her own version look as if Sam had submitted it. */
const rename = async (name: string) => expect(await scene.mallory.annotate(name, SAMS)).toEqual(DONE);

/** Resolves when everything is in force again. */
async function whileUninstalled(forge: () => Promise<void>): Promise<void> {
  const { stamps, decisions } = ADMISSION_NAMES;
  for (const path of [`mutatingadmissionpolicybindings/${stamps}`, `validatingadmissionpolicybindings/${decisions}`])
    expect(await scene.admin.send({ method: 'DELETE', path: `${ADMISSION}/${path}` })).toEqual(DONE);
  await until(async () => {
    const draft = { metadata: { name: 'probe', annotations: SAMS } };
    const answer = await scene.mallory.send({
      method: 'POST',
      path: scene.mallory.path(),
      query: { dryRun: 'All' },
      body: { ...draft, apiVersion: API_VERSION, kind: 'ModelVersion', spec: PROBE },
    });
    return JSON.stringify(answer).includes(JSON.stringify(stampOf(SAM)));
  }, true);
  await forge();
  await install(cluster);
}

const PROBE = { model: 'probe', version: '1', stage: 'None' };

async function expectNobodyCounts(name: string): Promise<void> {
  await decide(scene.mallory, name, 'approve', `Sam's ${name} is good`);
  await untilState(scene, name, { ...WAITING, decisions: ['mallory approve, not counted'] });
  await decide(scene.alice, name, 'approve', `whose is ${name}?`);
  const decisions = ['mallory approve, not counted', 'alice approve, not counted'];
  await untilState(scene, name, { ...WAITING, decisions });
  const { conditions } = (await scene.read(name)).status ?? {};
  expect(conditions?.find(({ type }) => type === 'Approved')?.message).toContain('nobody vouches for who submitted');
}

/** What is recorded of who submitted it stays. */
async function expectMalloryDoesNotCount(name: string): Promise<void> {
  await decide(scene.mallory, name, 'approve');
  await expectWaitsFor(scene.alice, scene, name, ['mallory approve, not counted']);
}

attack(
  'a submitter with the verb tries to rename who submitted while nothing is installed and gets named as the submitter still',
  () => expectMalloryDoesNotCount('renamed'),
);

attack(
  'a submitter with the verb tries to rename who submitted while the checks are away and gets named as the submitter still',
  () => expectMalloryDoesNotCount('renamed-live'),
);

attack(
  "a submitter with the verb tries to submit in another's name while nothing is installed and gets a version that nobody can approve",
  () => expectNobodyCounts('unseen'),
);

attack(
  "a submitter with the verb tries to submit in another's name while the checks are away and gets a version that nobody can approve",
  () => expectNobodyCounts('seen'),
);

attack(
  'a submitter tries to pass for one whom a policy allows while nothing is installed and gets asked for a person',
  () => untilState(scene, 'allowed', WAITING),
);

attack(
  'a submitter tries to pass for one whom a policy allows while the checks are away and gets asked for a person',
  () => untilState(scene, 'allowed-live', WAITING),
);

attack(
  "a submitter with the verb tries to submit in another's name before a policy asks for it and gets a version that nobody can approve",
  async () => {
    for (const name of ['late', 'late-live']) {
      expect(await scene.sam.merge(name, { metadata: { labels: SEPARATE } })).toEqual(DONE);
      await expectNobodyCounts(name);
    }
  },
);

test.concurrent('who submitted before that is known still, and is approved as ever', async () => {
  expect((await scene.read('kept')).status?.submission).toMatchObject({ user: 'sam', generation: 1, verified: true });
  await expectWaitsFor(scene.mallory, scene, 'kept');
});

test.concurrent('who submits after that is known', async () => {
  const name = await scene.submit(scene.mallory, { metadata: { labels: SEPARATE } });
  await expectMalloryDoesNotCount(name);
});
