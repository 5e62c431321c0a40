import { afterAll, beforeAll, describe, expect } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import { type Answer, type Person, versionIn } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { expectRefused, expectWaitsFor, untilState, WAITING } from './state.ts';

// A tool writes what Git holds, approvals as well: the policy names its service account, so that a merge approves.
let scene: Scene;
let tool: Person;
let unnamedTool: Person;
let submittingTool: Person;
beforeAll(async () => {
  scene = await prepareScene();
  [tool, unnamedTool, submittingTool] = await Promise.all([
    scene.serviceAccount('gitops', 'assent-submitter', 'assent-approver'),
    scene.serviceAccount('another', 'assent-submitter', 'assent-approver'),
    scene.serviceAccount('submitting', 'assent-submitter'),
  ]);
  await scene.applyPlatformPolicy('merge', {
    rego: 'package approval\n\nrequire contains {"reason": "a merge approves"}\n',
    approvers: [`serviceaccount:${scene.namespace}:gitops`],
    match: { selector: { matchLabels: { use: 'merge' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

interface InGit {
  readonly accuracy?: number;
  /** The reason, where Git holds an approval. */
  readonly approve?: string;
}

/** What the tool does when Git changes, and when the cluster differs from Git. */
function sync(by: Person, name: string, { accuracy = 0.93, approve }: InGit): Promise<Answer> {
  const annotations = approve === undefined ? {} : { [ANNOTATIONS.approve]: approve };
  const metadata = { labels: { use: 'merge' }, annotations };
  return by.apply(name, { metadata, spec: { model: name, metrics: { accuracy } } }, { manager: 'gitops' });
}

/** A version that the tool has made from Git, and that an approval in Git let through. */
async function approvedByMerge(name: string): Promise<void> {
  expect(await sync(tool, name, {})).toEqual(DONE);
  await untilState(scene, name, WAITING);
  expect(await sync(tool, name, { approve: 'merged: #1' })).toEqual(DONE);
  await untilState(scene, name, {
    stage: 'Production',
    reason: 'ManuallyApproved',
    decisions: [`${tool.user} approve`],
  });
}

describe('an approval in Git', () => {
  attack(
    'a committer tries to change the spec under an approval that stays in Git and gets a void approval',
    async () => {
      await approvedByMerge('stays');
      expect(await sync(tool, 'stays', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
      const voided = { reason: 'AwaitingApproval', decisions: [`${tool.user} approve, not counted`] };
      await untilState(scene, 'stays', voided);
      expect(await sync(tool, 'stays', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
      expect((await scene.read('stays')).status?.observedGeneration).toBe(2);
      await untilState(scene, 'stays', voided);
    },
  );

  attack('a committer tries to change the spec and to approve it in one merge and gets Invalid', async () => {
    await approvedByMerge('at-once');
    const answer = refused('invalid', 'change the spec in one request and decide in another');
    await expectRefused(
      scene,
      'at-once',
      () => sync(tool, 'at-once', { approve: 'merged: #2', accuracy: 0.1 }),
      answer,
    );
  });

  attack('a committer tries to go back to the approved revision and gets a void approval', async () => {
    await approvedByMerge('back');
    expect(await sync(tool, 'back', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
    await untilState(scene, 'back', { reason: 'AwaitingApproval' });
    const answer = await sync(tool, 'back', { approve: 'merged: #1' });
    expect(versionIn(answer).metadata.generation).toBe(3);
    const name = 'back-later';
    expect(await sync(tool, name, {})).toEqual(DONE);
    await untilState(scene, name, WAITING);
    await untilState(scene, 'back', { reason: 'AwaitingApproval', decisions: [`${tool.user} approve, not counted`] });
  });

  attack('a GitOps tool without the verb tries to sync an approval and gets Forbidden', async () => {
    expect(await sync(submittingTool, 'no-verb', {})).toEqual(DONE);
    await untilState(scene, 'no-verb', WAITING);
    const approve = () => sync(submittingTool, 'no-verb', { approve: 'merged: #1' });
    await expectRefused(scene, 'no-verb', approve, refused('forbidden', 'may not decide'));
  });

  attack(
    'a GitOps tool that no policy names tries to sync an approval and gets a decision that does not count',
    async () => {
      expect(await sync(unnamedTool, 'unnamed', {})).toEqual(DONE);
      await untilState(scene, 'unnamed', WAITING);
      expect(await sync(unnamedTool, 'unnamed', { approve: 'merged: #1' })).toEqual(DONE);
      await untilState(scene, 'unnamed', { ...WAITING, decisions: [`${unnamedTool.user} approve, not counted`] });
    },
  );

  attack("a committer tries to write somebody's stamp into Git and gets the tool's", async () => {
    const name = 'stamped-in-git';
    expect(await sync(unnamedTool, name, {})).toEqual(DONE);
    const decidedBy = JSON.stringify({ user: tool.user, groups: [], generation: 1, verdict: 'approve' });
    const annotations = { [ANNOTATIONS.approve]: 'merged: #1', [ANNOTATIONS.decidedBy]: decidedBy };
    const metadata = { labels: { use: 'merge' }, annotations };
    expect(await unnamedTool.apply(name, { metadata, spec: { model: name } })).toEqual(DONE);
    await untilState(scene, name, { ...WAITING, decisions: [`${unnamedTool.user} approve, not counted`] });
  });

  // What a tool with the verb writes is its approval. Take the annotation out of Git with the change of the spec.
  limit(
    'an editor tries to remove an approval so that the tool writes it again from Git and gets it counted',
    async () => {
      await approvedByMerge('again');
      expect(await sync(tool, 'again', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
      await untilState(scene, 'again', { reason: 'AwaitingApproval' });
      expect(await scene.sam.annotate('again', { [ANNOTATIONS.approve]: null })).toEqual(DONE);
      expect(await sync(tool, 'again', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
      await untilState(scene, 'again', { stage: 'Production', reason: 'ManuallyApproved' });
    },
  );

  limit(
    'an editor tries to delete a version so that the tool makes it again from Git and gets it approved',
    async () => {
      await approvedByMerge('anew');
      expect(await scene.sam.remove('anew')).toEqual(DONE);
      expect(await sync(tool, 'anew', { approve: 'merged: #1', accuracy: 0.1 })).toEqual(DONE);
      await untilState(scene, 'anew', { stage: 'Production', reason: 'ManuallyApproved' });
    },
  );
});

describe('an exported version', () => {
  attack('a submitter tries to apply an approved version under another name and gets Forbidden', async () => {
    const { metadata, spec } = await scene.read(await scene.anApprovedVersion());
    const { annotations = {} } = metadata;
    const copy = await scene.sam.apply('copy', { metadata: { annotations }, spec });
    expect(copy).toEqual(refused('forbidden', 'sam may not decide'));
  });

  attack('a submitter tries to apply an approved version over itself and gets no effect', async () => {
    const name = await scene.anApprovedVersion();
    const before = await scene.read(name);
    const { annotations = {} } = before.metadata;
    expect(await scene.sam.apply(name, { metadata: { annotations }, spec: before.spec })).toEqual(DONE);
    const { metadata, status } = await scene.read(name);
    expect(metadata.annotations).toEqual(annotations);
    expect(status).toEqual(before.status);
  });

  attack(
    'an approver tries to apply an approved version under another name and gets an approval of their own',
    async () => {
      const { metadata, spec } = await scene.read(await scene.anApprovedVersion());
      const { annotations = {} } = metadata;
      expect(await unnamedTool.apply('own-copy', { metadata: { annotations }, spec })).toEqual(DONE);
      await expectWaitsFor(scene.mallory, scene, 'own-copy', [`${unnamedTool.user} approve, not counted`]);
    },
  );
});
