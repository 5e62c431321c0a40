import { afterAll, beforeAll, describe, expect } from 'vitest';
import type { ModelVersion } from '../../src/api/index.ts';
import { findCompliance } from '../../src/decision/index.ts';
import { until } from '../e2e/until.ts';
import { attack, DONE, limit, refused } from './attack.ts';
import type { Answer } from './person.ts';
import { prepareScene, type Scene } from './scene.ts';
import { decide, stateOf, untilState } from './state.ts';

// Sam edits what lies around the decision: labels, annotations, the champion, the namespace.
let scene: Scene;
beforeAll(async () => {
  scene = await prepareScene();
  const judging = (use: string) => ({ match: { selector: { matchLabels: { use } } } });
  await scene.applyPlatformPolicy('open', {
    ...judging('open'),
    rego: `package approval

allow contains "open to all"

deny contains "too low" if input.modelVersion.spec.metrics.accuracy < 0.5
`,
  });
  await scene.applyPlatformPolicy('credit', {
    rego: 'package approval\n\nrequire contains {"approvers": ["group:ml-leads"], "count": 2, "reason": "credit"}\n',
    match: { selector: { matchLabels: { domain: 'credit' } } },
  });
  await scene.applyPlatformPolicy('trusting', {
    ...judging('trusting'),
    rego: `package approval

allow contains "reviewed" if {
	input.submitter.user == "alice"
	input.modelVersion.metadata.annotations["example.com/reviewed"] == "yes"
}
`,
  });
  await scene.applyPlatformPolicy('sandbox', {
    ...judging('sandbox'),
    rego: 'package approval\n\nallow contains "a sandbox" if input.namespace.labels.tier == "sandbox"\n',
  });
  await scene.applyPlatformPolicy('contest', {
    ...judging('contest'),
    rego: `package approval

allow contains "better" if input.modelVersion.spec.metrics.accuracy > input.champion.spec.metrics.accuracy

allow contains "far better than any" if input.modelVersion.spec.metrics.accuracy > 0.9
`,
  });
  await scene.applyPlatformPolicy('first', {
    ...judging('first'),
    rego: `package approval

allow contains "the first" if input.champion == null

allow contains "better" if input.modelVersion.spec.metrics.accuracy > input.champion.spec.metrics.accuracy
`,
  });
  await scene.applyPlatformPolicy('slow', {
    ...judging('slow'),
    limits: { timeout: '1s' },
    rego: `package approval

r := numbers.range(1, 1000)

allow contains "nothing to archive" if not input.modelVersion.spec.archiveExistingVersions

allow contains "never found" if {
	input.modelVersion.spec.archiveExistingVersions
	some a in r
	some b in r
	some c in r
	a > b
	b > c
	c > a
}
`,
  });
  await scene.startOperator();
});
afterAll(() => scene?.[Symbol.asyncDispose]());

const submitTo = (use: string, spec: Partial<ModelVersion['spec']> = {}, labels = {}): Promise<string> =>
  scene.submit(scene.sam, { metadata: { labels: { use, ...labels } }, spec });

const label = (name: string, labels: Record<string, string | null>): Promise<Answer> =>
  scene.sam.merge(name, { metadata: { labels } });

const APPROVED = { stage: 'Production', reason: 'AutoApproved' };

describe('labels and annotations', () => {
  attack(
    'an editor tries to add a label after the decision so that a stricter policy matches and gets no effect',
    async () => {
      const name = await submitTo('open');
      await untilState(scene, name, APPROVED);
      const { conditions: _, ...before } = (await scene.read(name)).status ?? {};
      expect(await label(name, { domain: 'credit' })).toEqual(DONE);
      // What the policy would say by now is told, and that is all.
      await until(async () => findCompliance((await scene.read(name)).status)?.status, 'False');
      expect((await scene.read(name)).status).toMatchObject(before);
    },
  );

  attack(
    'an editor tries to take a label away after a rejection so that no policy denies and gets no effect',
    async () => {
      const name = await submitTo('open', {}, { domain: 'credit' });
      await untilState(scene, name, { reason: 'AwaitingApproval' });
      await decide(scene.alice, name, 'reject');
      await untilState(scene, name, { stage: 'Archived', reason: 'RejectedByApprover' });
      expect(await label(name, { domain: null })).toEqual(DONE);
      await untilState(scene, await submitTo('open'), APPROVED);
      expect(await stateOf(scene, name)).toMatchObject({ stage: 'Archived', reason: 'RejectedByApprover' });
    },
  );

  attack('an editor tries to add what a policy asks for after its decision and gets no effect', async () => {
    const name = await scene.aWaitingVersion();
    await decide(scene.alice, name, 'reject');
    await untilState(scene, name, { reason: 'RejectedByApprover' });
    expect(await scene.sam.merge(name, { metadata: { labels: { use: 'open' } } })).toEqual(DONE);
    await untilState(scene, await submitTo('open'), APPROVED);
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'Archived', reason: 'RejectedByApprover' });
  });

  attack('an editor tries to write as an annotation what the operator writes and gets no effect', async () => {
    const name = await submitTo('trusting');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    const annotations = { 'assent.dev/submitter': 'alice', 'example.com/reviewed': 'yes' };
    expect(await scene.sam.annotate(name, annotations)).toEqual(DONE);
    await untilState(scene, await submitTo('open'), APPROVED);
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'None', reason: 'AwaitingApproval' });
  });

  // Labels are a claim, as metrics are: match what must not be escaped by model, stage or namespace.
  limit('an editor tries to take a label away before the decision and gets the policies that still match', async () => {
    const name = await submitTo('open', {}, { domain: 'credit' });
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    expect(await label(name, { domain: null })).toEqual(DONE);
    await untilState(scene, name, APPROVED);
  });

  limit('an editor tries to annotate the version of a trusted submitter and gets it read as that version', async () => {
    const name = await scene.submit(scene.mallory, { metadata: { labels: { use: 'trusting' } } });
    expect(await scene.alice.merge(name, { spec: { metrics: { accuracy: 0.5 } } })).toEqual(DONE);
    await until(async () => (await scene.read(name)).status?.observedGeneration, 2);
    expect(await scene.sam.annotate(name, { 'example.com/reviewed': 'yes' })).toEqual(DONE);
    await untilState(scene, name, APPROVED);
  });
});

describe('the namespace', () => {
  const labelNamespace = (by: Scene['sam'], tier: string): Promise<Answer> =>
    by.send({
      method: 'PATCH',
      path: `/api/v1/namespaces/${scene.namespace}`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { labels: { tier } } },
    });

  attack('an editor tries to label the namespace as a policy asks and gets Forbidden', async () => {
    const name = await submitTo('sandbox');
    await untilState(scene, name, { reason: 'AwaitingApproval' });
    expect(await labelNamespace(scene.sam, 'sandbox')).toEqual(
      refused('forbidden', 'cannot patch resource "namespaces"'),
    );
    expect(await stateOf(scene, name)).toMatchObject({ stage: 'None', reason: 'AwaitingApproval' });
  });

  limit(
    'whoever may label the namespace tries to label it as a policy asks and gets what waits judged again',
    async () => {
      const role = `${scene.namespace}-labels`;
      const rules = [{ apiGroups: [''], resources: ['namespaces'], verbs: ['get', 'patch'] }];
      await scene.apply({
        apiVersion: 'rbac.authorization.k8s.io/v1',
        kind: 'ClusterRole',
        metadata: { name: role },
        rules,
      });
      const lena = await scene.person({ user: 'lena', groups: [] }, role);
      const rejected = await submitTo('sandbox', {}, { domain: 'credit' });
      await untilState(scene, rejected, { reason: 'AwaitingApproval' });
      await decide(scene.alice, rejected, 'reject');
      await untilState(scene, rejected, { reason: 'RejectedByApprover' });
      const name = await submitTo('sandbox', {}, { tried: 'later' });
      expect(await labelNamespace(lena, 'sandbox')).toEqual(DONE);
      await untilState(scene, name, APPROVED);
      expect(await stateOf(scene, rejected)).toMatchObject({ stage: 'Archived', reason: 'RejectedByApprover' });
    },
  );
});

describe('the champion', () => {
  attack('an editor tries to archive the champion by a version that waits and gets the champion kept', async () => {
    const model = 'kept';
    const champion = await submitTo('open', { model });
    await untilState(scene, champion, APPROVED);
    const waiting = await scene.aWaitingVersion({ spec: { model, version: '2', archiveExistingVersions: true } });
    await untilState(scene, await submitTo('open'), APPROVED);
    expect((await stateOf(scene, champion)).stage).toBe('Production');
    await decide(scene.alice, waiting, 'approve');
    await untilState(scene, champion, { stage: 'Archived' });
  });

  // Who may edit a version may take it out of its stage, as who may delete it: policies with onReject: Keep prevent that.
  limit('an editor tries to archive the champion by a spec that is denied and gets it archived', async () => {
    const champion = await submitTo('open');
    await untilState(scene, champion, APPROVED);
    expect(await scene.sam.merge(champion, { spec: { metrics: { accuracy: 0.1 } } })).toEqual(DONE);
    await untilState(scene, champion, { stage: 'Archived', reason: 'PolicyDenied' });
  });

  // The operator takes the wish from the spec of today and the approval from the decision of yesterday.
  attack(
    'an editor tries to archive the champion by an approved version whose change waits and gets it kept',
    async () => {
      const model = 'pushed-out';
      const champion = await submitTo('slow', { model });
      await untilState(scene, champion, APPROVED);
      const other = await submitTo('slow', { model, version: '2' });
      await untilState(scene, other, APPROVED);
      expect(await scene.sam.merge(other, { spec: { archiveExistingVersions: true } })).toEqual(DONE);
      await untilState(scene, other, { reason: 'PolicyError' });
      expect((await stateOf(scene, champion)).stage).toBe('Production');
    },
  );

  attack('an editor tries to lower the metrics of the champion and gets no easier contest', async () => {
    const model = 'contested';
    const champion = await submitTo('contest', { model, metrics: { accuracy: 0.95 } });
    await untilState(scene, champion, APPROVED);
    const labels = { use: 'contest', domain: 'credit' };
    expect(await scene.sam.merge(champion, { metadata: { labels }, spec: { metrics: { accuracy: 0.1 } } })).toEqual(
      DONE,
    );
    await untilState(scene, champion, { stage: 'Production', reason: 'AwaitingApproval' });
    const weak = await submitTo('contest', { model, version: '2', metrics: { accuracy: 0.5 } });
    await untilState(scene, weak, { stage: 'None', reason: 'PolicyError' });
  });

  attack('an editor tries to delete the champion that a policy compares with and gets a person asked for', async () => {
    const model = 'deleted';
    const champion = await submitTo('contest', { model, metrics: { accuracy: 0.95 } });
    await untilState(scene, champion, APPROVED);
    const weak = await submitTo('contest', { model, version: '2', metrics: { accuracy: 0.5 } });
    await untilState(scene, weak, { reason: 'AwaitingApproval' });
    expect(await scene.sam.remove(champion)).toEqual(DONE);
    const later = await submitTo('contest', { model, version: '3', metrics: { accuracy: 0.5 } });
    await untilState(scene, later, { reason: 'AwaitingApproval' });
    expect(await stateOf(scene, weak)).toMatchObject({ stage: 'None', reason: 'AwaitingApproval' });
  });

  // A stage that nobody holds is not a reason to approve: let a person look at the first version.
  limit(
    'an editor tries to delete the champion where a policy allows the first version and gets the next allowed',
    async () => {
      const model = 'emptied';
      const champion = await submitTo('first', { model });
      await untilState(scene, champion, APPROVED);
      const weak = await submitTo('first', { model, version: '2', metrics: { accuracy: 0.1 } });
      await untilState(scene, weak, { reason: 'AwaitingApproval' });
      expect(await scene.sam.remove(champion)).toEqual(DONE);
      await untilState(scene, weak, APPROVED);
    },
  );
});
