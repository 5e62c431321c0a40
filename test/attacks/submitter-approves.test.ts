import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, refused } from './attack.ts';
import { prepareScene, type Scene } from './scene.ts';
import { draftOf, expectNoSuch, expectRefused, expectWaitsFor } from './state.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const APPROVAL = { [ANNOTATIONS.approve]: 'let me' };
const FORBIDDEN = refused('forbidden', 'sam may not decide: that needs the RBAC verb approve');

describe('a version that waits', () => {
  attack('a submitter tries to approve with a merge patch and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    await expectRefused(scene, name, () => scene.sam.annotate(name, APPROVAL), FORBIDDEN);
  });

  attack('a submitter tries to approve with a JSON patch and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const operation = { op: 'add', path: '/metadata/annotations/assent.dev~1approve', value: 'let me' } as const;
    await expectRefused(scene, name, () => scene.sam.jsonPatch(name, operation), FORBIDDEN);
  });

  attack('a submitter tries to approve by replacing the version and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const { metadata, spec } = await draftOf(scene, name);
    const annotations = { ...metadata.annotations, ...APPROVAL };
    const replace = () => scene.sam.replace(name, { metadata: { ...metadata, annotations }, spec });
    await expectRefused(scene, name, replace, FORBIDDEN);
  });

  attack('a submitter tries to approve with a forced server-side apply and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const apply = () => scene.sam.apply(name, { metadata: { annotations: APPROVAL }, spec: { model: name } });
    await expectRefused(scene, name, apply, FORBIDDEN);
  });

  attack("a submitter tries to approve under the operator's field manager and gets Forbidden", async () => {
    const name = await scene.aWaitingVersion();
    const draft = { metadata: { annotations: APPROVAL }, spec: { model: name } };
    const apply = () => scene.sam.apply(name, draft, { manager: 'assent-operator' });
    await expectRefused(scene, name, apply, FORBIDDEN);
  });

  attack('a submitter tries to approve with a strategic merge patch and gets Unsupported Media Type', async () => {
    const name = await scene.aWaitingVersion();
    const send = () =>
      scene.sam.send({
        method: 'PATCH',
        path: scene.sam.path(name),
        contentType: 'application/strategic-merge-patch+json',
        body: { metadata: { annotations: APPROVAL } },
      });
    await expectRefused(scene, name, send, refused('server', 'the body of the request was in an unknown format'));
  });

  attack('a submitter tries to approve in a dry run and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const query = { dryRun: 'All' };
    const tryOut = () => scene.sam.merge(name, { metadata: { annotations: APPROVAL } }, { query });
    await expectRefused(scene, name, tryOut, FORBIDDEN);
  });

  attack('a submitter tries to approve together with a change of the spec and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const change = { metadata: { annotations: APPROVAL }, spec: { metrics: { accuracy: 0.99 } } };
    await expectRefused(scene, name, () => scene.sam.merge(name, change), FORBIDDEN);
  });
});

describe('a new version', () => {
  attack('a submitter tries to create a version that is approved already and gets Forbidden', async () => {
    const metadata = { name: 'born-approved', annotations: APPROVAL };
    expect(await scene.sam.create({ metadata })).toEqual(FORBIDDEN);
    await expectNoSuch(scene, 'born-approved');
  });

  attack('a submitter tries to create an approved version without a name and gets Forbidden', async () => {
    const metadata = { generateName: 'nameless-', annotations: APPROVAL };
    expect(await scene.sam.create({ metadata })).toEqual(FORBIDDEN);
  });

  attack('a submitter tries to create an approved version by server-side apply and gets Forbidden', async () => {
    expect(await scene.sam.apply('applied-approved', { metadata: { annotations: APPROVAL } })).toEqual(FORBIDDEN);
    await expectNoSuch(scene, 'applied-approved');
  });
});

describe('what only looks like the annotation', () => {
  attack('a submitter tries to approve with a Cyrillic letter in the key and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const annotate = () => scene.sam.annotate(name, { 'assent.dev/\u0430pprove': 'let me' });
    await expectRefused(scene, name, annotate, refused('invalid', 'metadata.annotations'));
  });

  attack('a submitter tries to approve with a capital letter in the key and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    expect(await scene.sam.annotate(name, { 'Assent.dev/Approve': 'let me' })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to approve with a label and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    expect(await scene.sam.merge(name, { metadata: { labels: { [ANNOTATIONS.approve]: 'me' } } })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name);
  });
});
