import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, refused } from './attack.ts';
import { versionIn } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { draftOf, expectRefused, expectWaitsFor, untilState } from './state.ts';

let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const FORBIDDEN = refused('forbidden', 'sam may not decide: that needs the RBAC verb approve');
const SAMS_STAMP = '{"user":"sam","groups":["data-science","system:authenticated"],"generation":1}';
const ALICES_STAMP = '{"user":"alice","groups":["ml-leads","system:authenticated"],"generation":1,"verdict":"approve"}';

async function stampsOf(name: string): Promise<{ decidedBy: string | undefined; submittedBy: string | undefined }> {
  const { annotations = {} } = (await scene.read(name)).metadata;
  return { decidedBy: annotations[ANNOTATIONS.decidedBy], submittedBy: annotations[ANNOTATIONS.submittedBy] };
}

describe('a stamp', () => {
  attack('a submitter tries to create a version with stamps in it and gets stamps of their own', async () => {
    const submittedBy = SAMS_STAMP.replace('sam', 'alice');
    const annotations = { [ANNOTATIONS.decidedBy]: ALICES_STAMP, [ANNOTATIONS.submittedBy]: submittedBy };
    const name = await scene.submit(scene.sam, { metadata: { annotations } });
    expect(await stampsOf(name)).toEqual({ decidedBy: undefined, submittedBy: SAMS_STAMP });
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to set a stamp by hand and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    expect(await scene.sam.annotate(name, { [ANNOTATIONS.decidedBy]: ALICES_STAMP })).toEqual(DONE);
    expect(await stampsOf(name)).toEqual({ decidedBy: undefined, submittedBy: SAMS_STAMP });
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to plant a stamp for the next generation and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    const planted = ALICES_STAMP.replace('"generation":1', '"generation":2');
    expect(await scene.sam.annotate(name, { [ANNOTATIONS.decidedBy]: planted })).toEqual(DONE);
    expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.99 } } })).toEqual(DONE);
    expect((await stampsOf(name)).decidedBy).toBeUndefined();
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to copy the stamp of another version and gets no effect', async () => {
    const [approved, name] = await Promise.all([scene.anApprovedVersion(), scene.aWaitingVersion()]);
    const { decidedBy = '' } = await stampsOf(approved);
    expect(decidedBy).toBe(ALICES_STAMP);
    expect(await scene.sam.annotate(name, { [ANNOTATIONS.decidedBy]: decidedBy })).toEqual(DONE);
    expect((await stampsOf(name)).decidedBy).toBeUndefined();
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to copy the stamp and the reason of another version and gets Forbidden', async () => {
    const [approved, name] = await Promise.all([scene.anApprovedVersion(), scene.aWaitingVersion()]);
    const { annotations = {} } = (await scene.read(approved)).metadata;
    await expectRefused(scene, name, () => scene.sam.annotate(name, annotations), FORBIDDEN);
  });

  attack('a submitter tries to take the stamps away and gets no effect', async () => {
    const name = await scene.anApprovedVersion();
    const stamps = await stampsOf(name);
    const removal = { [ANNOTATIONS.decidedBy]: null, [ANNOTATIONS.submittedBy]: null };
    expect(await scene.sam.annotate(name, removal)).toEqual(DONE);
    expect(await stampsOf(name)).toEqual(stamps);
  });
});

describe('a recorded approval', () => {
  attack('a submitter tries to edit the reason of a recorded approval and gets Forbidden', async () => {
    const name = await scene.anApprovedVersion();
    const edit = () => scene.sam.annotate(name, { [ANNOTATIONS.approve]: 'all is well' });
    await expectRefused(scene, name, edit, FORBIDDEN);
  });

  attack('a submitter tries to turn a recorded approval into a rejection and gets Forbidden', async () => {
    const name = await scene.anApprovedVersion();
    const turn = () => scene.sam.annotate(name, { [ANNOTATIONS.approve]: null, [ANNOTATIONS.reject]: 'no' });
    await expectRefused(scene, name, turn, FORBIDDEN);
  });

  attack('a submitter tries to put an approval back after taking it away and gets Forbidden', async () => {
    const name = await scene.anApprovedVersion();
    const { annotations = {} } = (await scene.read(name)).metadata;
    expect(await scene.sam.annotate(name, { [ANNOTATIONS.approve]: null })).toEqual(DONE);
    expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
    await untilState(scene, name, { stage: 'Production', reason: 'AwaitingApproval' });
    await expectRefused(scene, name, () => scene.sam.annotate(name, annotations), FORBIDDEN);
  });

  attack('a submitter tries to keep an approval while the artifact changes and gets a void approval', async () => {
    const name = await scene.anApprovedVersion();
    const artifact = { uri: 'https://elsewhere.example/model' };
    expect(await scene.sam.merge(name, { spec: { artifact } })).toEqual(DONE);
    await untilState(scene, name, { reason: 'AwaitingApproval', decisions: ['alice approve, not counted'] });
  });

  attack('a submitter tries to come back to the content that was approved and gets a void approval', async () => {
    const name = await scene.anApprovedVersion();
    const { metadata, spec } = await draftOf(scene, name);
    expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    const { resourceVersion } = (await scene.read(name)).metadata;
    const past = { metadata: { ...metadata, ...(resourceVersion ? { resourceVersion } : {}) }, spec };
    expect(versionIn(await scene.sam.replace(name, past)).metadata.generation).toBe(3);
    const later = await scene.aWaitingVersion();
    await expectWaitsFor(scene.alice, scene, later);
    await untilState(scene, name, { reason: 'AwaitingApproval', decisions: ['alice approve, not counted'] });
  });
});

describe('a name that was approved once', () => {
  attack('a submitter tries to delete a version and make it again and gets one that waits', async () => {
    const name = await scene.anApprovedVersion();
    const { metadata, spec, status = {} } = await scene.read(name);
    const { [ANNOTATIONS.approve]: _, ...annotations } = metadata.annotations ?? {};
    expect(await scene.sam.remove(name)).toEqual(DONE);
    const { uid, generation } = metadata;
    await scene.submit(scene.sam, {
      metadata: { name, uid: uid ?? '', generation: generation ?? 1, annotations },
      spec,
      status,
    });
    expect((await scene.read(name)).metadata.uid).not.toBe(uid);
    expect((await stampsOf(name)).decidedBy).toBeUndefined();
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to make a deleted version again with its approval and gets Forbidden', async () => {
    const name = await scene.anApprovedVersion();
    const { metadata, spec, status = {} } = await scene.read(name);
    expect(await scene.sam.remove(name)).toEqual(DONE);
    const { resourceVersion: _, ...exported } = metadata;
    expect(await scene.sam.create({ metadata: exported, spec, status })).toEqual(FORBIDDEN);
  });
});
