import { afterAll, beforeAll, expect } from 'vitest';
import { DEFAULT_NAMESPACE, gatewayUser, serviceAccountGroups } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, refused } from './attack.ts';
import type { Person } from './person.ts';
import { ALICE, prepareScene, type Scene } from './scene.ts';
import { decide, expectWaitsFor, untilState } from './state.ts';

// The gateway's ServiceAccount may submit for whom MLflow knows. Others name somebody in the same annotation.
let scene: Scene;
let gateway: Person;
let both: Person;
beforeAll(async () => {
  scene = await prepareScene();
  const user = { user: gatewayUser(DEFAULT_NAMESPACE), groups: serviceAccountGroups(DEFAULT_NAMESPACE) };
  gateway = await scene.person(user, 'assent-gateway');
  both = await scene.person(ALICE, 'assent-submitter');
  await scene.applyPlatformPolicy('apart', {
    rego: 'package approval\n\nrequire contains {"reason": "somebody else looks at it"}\n',
    approvers: ['group:ml-leads'],
    separationOfDuties: true,
    match: { selector: { matchLabels: { use: 'apart' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const FOR_ALICE = { [ANNOTATIONS.onBehalfOf]: 'alice' };
const SAMS_STAMP = '{"user":"sam","groups":["data-science","system:authenticated"],"generation":1}';

async function annotationsOf(name: string): Promise<Readonly<Record<string, string>>> {
  return (await scene.read(name)).metadata.annotations ?? {};
}

attack('a submitter tries to submit on behalf of somebody else and gets a stamp of their own', async () => {
  const name = await scene.submit(scene.sam, { metadata: { annotations: FOR_ALICE } });
  const annotations = await annotationsOf(name);
  expect(annotations[ANNOTATIONS.submittedBy]).toBe(SAMS_STAMP);
  expect(annotations[ANNOTATIONS.onBehalfOf]).toBeUndefined();
});

attack('a submitter tries to change for whom the gateway submitted and gets no effect', async () => {
  const name = await scene.submit(gateway, { metadata: { annotations: FOR_ALICE } });
  expect(await scene.sam.annotate(name, { [ANNOTATIONS.onBehalfOf]: 'eve' })).toEqual(DONE);
  expect(await scene.sam.annotate(name, { [ANNOTATIONS.onBehalfOf]: null })).toEqual(DONE);
  const annotations = await annotationsOf(name);
  expect(annotations[ANNOTATIONS.onBehalfOf]).toBe('alice');
  expect(annotations[ANNOTATIONS.submittedBy]).toBe('{"user":"mlflow:alice","groups":["mlflow:users"],"generation":1}');
});

attack('a submitter tries to edit under the name that the gateway left and gets a stamp of their own', async () => {
  const name = await scene.submit(gateway, { metadata: { annotations: FOR_ALICE } });
  expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.99 } } })).toEqual(DONE);
  expect((await annotationsOf(name))[ANNOTATIONS.submittedBy]).toBe(SAMS_STAMP.replace('1}', '2}'));
});

attack(
  'a thief of the gateway tries to submit in the name of a Kubernetes user and gets a name of MLflow',
  async () => {
    const quoted = { [ANNOTATIONS.onBehalfOf]: 'sam","groups":["ml-leads"],"generation":1}' };
    const name = await scene.submit(gateway, { metadata: { annotations: quoted } });
    const stamp = JSON.parse((await annotationsOf(name))[ANNOTATIONS.submittedBy] ?? '');
    expect(stamp).toEqual({
      user: `mlflow:${quoted[ANNOTATIONS.onBehalfOf]}`,
      groups: ['mlflow:users'],
      generation: 1,
    });
  },
);

attack('a thief of the gateway tries to approve on behalf of somebody else and gets Forbidden', async () => {
  const name = await scene.submit(gateway, { metadata: { annotations: FOR_ALICE } });
  const approval = { ...FOR_ALICE, [ANNOTATIONS.approve]: 'mine' };
  const forbidden = refused('forbidden', 'may not decide: that needs the RBAC verb approve');
  expect(await gateway.annotate(name, approval)).toEqual(forbidden);
  await expectWaitsFor(scene.alice, scene, name);
});

attack(
  'an MLflow user tries to approve their own version as the Kubernetes user and gets a void approval',
  async () => {
    const name = await scene.submit(gateway, { metadata: { annotations: FOR_ALICE, labels: { use: 'apart' } } });
    await decide(both, name, 'approve');
    await untilState(scene, name, { reason: 'AwaitingApproval', decisions: ['alice approve, not counted'] });
  },
);
