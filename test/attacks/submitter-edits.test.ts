import { afterAll, beforeAll, describe, expect } from 'vitest';
import { until } from '../e2e/until.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import { versionIn } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { decide, draftOf, expectRefused, expectWaitsFor, stateOf, untilState, WAITING } from './state.ts';

const ACCURATE = 'allow contains "accurate" if input.modelVersion.spec.metrics.accuracy > 0.9';

let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  await scene.applyPlatformPolicy('accuracy', {
    rego: `package approval\n\n${ACCURATE}\n`,
    approvers: ['group:ml-leads'],
    match: { selector: { matchLabels: { use: 'accuracy' } } },
  });
  await scene.applyPlatformPolicy('nothing-of-sam', {
    rego: `package approval\n\n${ACCURATE}\n\ndeny contains "not from Sam" if input.submitter.user == "sam"\n`,
    match: { selector: { matchLabels: { use: 'nothing-of-sam' } } },
  });
  await scene.applyPlatformPolicy('costly', {
    rego: `package approval

r := numbers.range(1, to_number(input.modelVersion.spec.parameters.size))

deny contains "found" if {
	some a in r
	some b in r
	a * b == 12
}
`,
    approvers: ['group:ml-leads'],
    failurePolicy: 'Manual',
    match: { selector: { matchLabels: { use: 'costly' } } },
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const judgedBy = (use: string) => ({ labels: { use } });

describe('the status', () => {
  const status = { stage: 'Production' };
  const cannot = (verb: string) => refused('forbidden', `cannot ${verb} resource "modelversions/status"`);

  attack('a submitter tries to patch the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const patch = () => scene.sam.merge(name, { status }, { subresource: 'status' });
    await expectRefused(scene, name, patch, cannot('patch'));
  });

  attack('a submitter tries to replace the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const draft = await draftOf(scene, name);
    const replace = () => scene.sam.replace(name, { ...draft, status }, { subresource: 'status' });
    await expectRefused(scene, name, replace, cannot('update'));
  });

  attack('a submitter tries to apply the status and gets Forbidden', async () => {
    const name = await scene.aWaitingVersion();
    const apply = () => scene.sam.apply(name, { status }, { subresource: 'status', manager: 'assent-operator' });
    await expectRefused(scene, name, apply, cannot('patch'));
  });

  attack('a submitter tries to create a version with a status and gets a version without', async () => {
    const name = await scene.submit(scene.sam, { status });
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to send a status along with an update and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    expect(await scene.sam.merge(name, { status, metadata: { labels: { seen: 'yes' } } })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name);
  });
});

describe('what the API server counts', () => {
  attack('a submitter tries to set the generation back to the approved one and gets the next one', async () => {
    const name = await scene.anApprovedVersion();
    const change = { metadata: { generation: 1 }, spec: { metrics: { accuracy: 0.1 } } };
    expect(versionIn(await scene.sam.merge(name, change)).metadata.generation).toBe(2);
    await untilState(scene, name, { reason: 'AwaitingApproval', decisions: ['alice approve, not counted'] });
  });

  attack('a submitter tries to create a version with a generation and a uid and gets others', async () => {
    const { uid = '' } = (await scene.read(await scene.anApprovedVersion())).metadata;
    const name = await scene.submit(scene.sam, { metadata: { generation: 7, uid } });
    const { metadata } = await scene.read(name);
    expect(metadata.generation).toBe(1);
    expect(metadata.uid).not.toBe(uid);
    await expectWaitsFor(scene.alice, scene, name);
  });

  attack('a submitter tries to give a version the uid of an approved one and gets Invalid', async () => {
    const [approved, name] = await Promise.all([scene.anApprovedVersion(), scene.aWaitingVersion()]);
    const { uid } = (await scene.read(approved)).metadata;
    const change = () => scene.sam.merge(name, { metadata: { uid } });
    await expectRefused(scene, name, change, refused('invalid', 'metadata.uid'));
  });

  attack('a submitter tries to write over a decision with an old resourceVersion and gets Conflict', async () => {
    const name = await scene.aWaitingVersion();
    const { metadata, spec } = await draftOf(scene, name);
    await decide(scene.alice, name, 'approve');
    await untilState(scene, name, { reason: 'ManuallyApproved' });
    const replace = () => scene.sam.replace(name, { metadata, spec: { ...spec, stage: 'None' } });
    await expectRefused(scene, name, replace, refused('conflict', 'the object has been modified'));
  });

  attack('a submitter tries to hold a version with finalizers and owners and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    const { uid } = (await scene.read(await scene.anApprovedVersion())).metadata;
    const owner = { apiVersion: 'assent.dev/v1alpha1', kind: 'ModelVersion', name: 'owner', uid, controller: true };
    const metadata = { finalizers: ['example.com/hold'], ownerReferences: [owner] };
    expect(await scene.sam.merge(name, { metadata })).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, name);
  });

  // A deletion that a finalizer holds up raises the generation without a request that is stamped, so that nobody knows
  // the submitter any more, and the operator decides the version anew.
  attack('a submitter tries to be forgotten by a deletion that a finalizer holds up and gets no decision', async () => {
    const finalizers = ['example.com/hold'];
    const name = await scene.submit(scene.sam, { metadata: { ...judgedBy('nothing-of-sam'), finalizers } });
    const denied = { stage: 'Archived', reason: 'PolicyDenied' };
    await untilState(scene, name, denied);
    expect(await scene.sam.remove(name)).toEqual(DONE);
    await expectWaitsFor(scene.alice, scene, await scene.aWaitingVersion());
    expect(await stateOf(scene, name)).toMatchObject(denied);
  });
});

describe('the spec', () => {
  attack('a submitter tries to name themselves in spec.approvers and gets one approver more to wait for', async () => {
    const name = await scene.aWaitingVersion({ spec: { approvers: ['sam'] } });
    const approve = () => scene.sam.annotate(name, { 'assent.dev/approve': 'let me' });
    await expectRefused(scene, name, approve, refused('forbidden', 'sam may not decide'));
    await decide(scene.alice, name, 'approve');
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve'] });
  });

  attack('a submitter tries to empty spec.approvers after an approval and gets a void approval', async () => {
    const name = await scene.aWaitingVersion({ spec: { approvers: ['rita'] } });
    await decide(scene.alice, name, 'approve');
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve'] });
    expect(await scene.sam.merge(name, { spec: { approvers: [] } })).toEqual(DONE);
    await untilState(scene, name, { ...WAITING, decisions: ['alice approve, not counted'] });
  });

  attack('a submitter tries to write approvers as one name and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const change = () => scene.sam.merge(name, { spec: { approvers: 'sam' } });
    await expectRefused(scene, name, change, refused('invalid', "write approvers: ['sam']"));
  });

  attack('a submitter tries to ask for a stage that is a decision and gets Invalid', async () => {
    const name = await scene.aWaitingVersion();
    const change = () => scene.sam.merge(name, { spec: { stage: 'Approved' } });
    await expectRefused(scene, name, change, refused('invalid', 'the stage must be one of None, Staging'));
  });

  attack('a submitter tries to give an entry a name that nothing would read and gets Invalid', async () => {
    const unread = (value: string) => JSON.parse(`{"__proto__": ${value}}`);
    const words = 'no entry can be called __proto__';
    const name = await scene.aWaitingVersion();
    for (const spec of [{ metrics: unread('1') }, { parameters: unread('"x"') }])
      await expectRefused(scene, name, () => scene.sam.merge(name, { spec }), refused('invalid', words));
    expect(await scene.sam.create({ metadata: { name: `${name}-new` }, spec: { metrics: unread('1') } })).toEqual(
      refused('invalid', words),
    );
  });

  attack('a submitter tries to make an approved version into another model and gets Invalid', async () => {
    const name = await scene.anApprovedVersion();
    const change = () => scene.sam.merge(name, { spec: { model: 'another' } });
    await expectRefused(scene, name, change, refused('invalid', 'spec.model never changes'));
  });

  attack('a submitter tries to make the policy err with an input that is too large and gets no approval', async () => {
    const parameters = { padding: 'x'.repeat(300_000) };
    const name = await scene.submit(scene.sam, { metadata: judgedBy('accuracy'), spec: { parameters } });
    await untilState(scene, name, { stage: 'None', reason: 'PolicyError', moves: [] });
  });

  attack('a submitter tries to make a policy run out of time so that people decide and gets no approval', async () => {
    const submit = (size: string) =>
      scene.submit(scene.sam, { metadata: judgedBy('costly'), spec: { parameters: { size } } });
    await untilState(scene, await submit('9'), { reason: 'PolicyDenied' });
    const name = await submit('20000');
    await untilState(scene, name, { stage: 'None', reason: 'PolicyError' });
    await decide(scene.alice, name, 'approve');
    await untilState(scene, name, { stage: 'None', decisions: ['alice approve, not counted'], moves: [] });
  });

  limit('a submitter tries to claim an accuracy of 0.99 and gets what the policy gives to a claim', async () => {
    const name = await scene.submit(scene.sam, {
      metadata: judgedBy('accuracy'),
      spec: { metrics: { accuracy: 0.99 } },
    });
    await untilState(scene, name, { stage: 'Production', reason: 'AutoApproved' });
  });

  limit(
    'a submitter tries to change what an approved version serves and gets its stage until the decision',
    async () => {
      const name = await scene.anApprovedVersion();
      expect(await scene.sam.merge(name, { spec: { artifact: { uri: 'https://elsewhere.example/' } } })).toEqual(DONE);
      await untilState(scene, name, { stage: 'Production', reason: 'AwaitingApproval' });
      await decide(scene.alice, name, 'reject');
      await untilState(scene, name, { stage: 'Archived', reason: 'RejectedByApprover' });
    },
  );

  attack(
    'a submitter tries to change the spec just before an approval of what was seen and gets Conflict',
    async () => {
      const name = await scene.aWaitingVersion();
      const { resourceVersion } = (await scene.read(name)).metadata;
      expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
      await until(async () => (await scene.read(name)).status?.observedGeneration, 2);
      const metadata = { resourceVersion, annotations: { 'assent.dev/approve': 'as I saw it' } };
      const approve = () => scene.alice.merge(name, { metadata });
      await expectRefused(scene, name, approve, refused('conflict', 'the object has been modified'));
    },
  );

  attack(
    'a submitter tries to exchange a version just before an approval of what was seen and gets Conflict',
    async () => {
      const name = await scene.aWaitingVersion();
      const { resourceVersion } = (await scene.read(name)).metadata;
      expect(await scene.sam.remove(name)).toEqual(DONE);
      await scene.aWaitingVersion({ metadata: { name }, spec: { metrics: { accuracy: 0.1 } } });
      const metadata = { resourceVersion, annotations: { 'assent.dev/approve': 'as I saw it' } };
      const approve = () => scene.alice.merge(name, { metadata });
      await expectRefused(scene, name, approve, refused('conflict', 'the object has been modified'));
    },
  );

  limit('a submitter tries to change the spec just before an approval of anything and gets the approval', async () => {
    const name = await scene.aWaitingVersion();
    expect(await scene.sam.merge(name, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
    await decide(scene.alice, name, 'approve');
    await untilState(scene, name, { stage: 'Production', reason: 'ManuallyApproved' });
  });
});
