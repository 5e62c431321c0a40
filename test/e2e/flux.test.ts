import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { aPolicy, aVersionFile } from '../gitops/flux-files.ts';
import { FLUX_ACCOUNT, type FluxScene, prepareFluxScene } from '../gitops/flux-scene.ts';
import { APPROVER, assertOk } from './admission-cluster.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const FLUX = `system:serviceaccount:${FLUX_ACCOUNT.namespace}:${FLUX_ACCOUNT.name}`;

let scene: FluxScene;
beforeAll(async () => {
  scene = await prepareFluxScene(sharedCluster());
  await Promise.all([scene.apply(aPolicy('merge')), scene.apply(aPolicy('people'))]);
  await scene.push('ask for Production', {
    'models/fraud.yaml': aVersionFile('fraud', { use: 'merge' }),
    'models/churn.yaml': aVersionFile('churn', { use: 'people' }),
    'production/risk.yaml': aVersionFile('risk', { use: 'merge' }),
    'serving/server.yaml': 'apiVersion: v1\nkind: ConfigMap\nmetadata: {name: server}\n',
  });
  await scene.kustomize('models.yaml');
  await scene.kustomize('serving.yaml');
}, 600_000);
afterAll(() => scene?.[Symbol.asyncDispose]());

const Conditions = z.object({
  status: z.object({
    lastAppliedRevision: z.string().optional(),
    conditions: z.array(z.object({ type: z.string(), reason: z.string(), message: z.string() })),
  }),
});

/** How a Kustomization fares. */
async function ready(name: string) {
  const kind = 'kustomizations.kustomize.toolkit.fluxcd.io';
  const { stdout } = assertOk(await scene.cluster.admin(['get', kind, name, '--output', 'json']));
  const { status } = Conditions.parse(JSON.parse(stdout));
  const found = status.conditions.find(({ type }) => type === 'Ready');
  const doing = status.conditions.find(({ type }) => type === 'Reconciling')?.message;
  return { reason: found?.reason, message: found?.message, doing, revision: status.lastAppliedRevision };
}

/** How a version fares, and whose decisions it holds. */
async function state(name: string) {
  const { status } = await scene.cluster.read(name);
  return {
    stage: status?.stage,
    generation: status?.observedGeneration,
    reason: status?.conditions?.find(({ type }) => type === 'Approved')?.reason,
    decisions: (status?.approvals ?? []).map(({ user, counted }) => `${user}${counted ? '' : ', not counted'}`),
  };
}

async function serves(): Promise<boolean> {
  return (await scene.cluster.admin(['get', 'configmap', 'server'])).ok;
}

const WAITS = { stage: 'None', generation: 1, reason: 'AwaitingApproval', decisions: [] };

describe('Flux', () => {
  it('adds a version from a commit, and it waits', async () => {
    await Promise.all(['fraud', 'churn', 'risk'].map((name) => until(() => state(name), WAITS)));
    // By the expressions of examples/gitops/flux/models.yaml a version that waits holds up nothing …
    await until(() => ready('models'), expect.objectContaining({ reason: 'ReconciliationSucceeded' }));
    // … and by kstatus it is in progress, so what depends on it does not start.
    const doing = expect.stringContaining('Running health checks');
    await until(() => ready('approved'), expect.objectContaining({ reason: 'Progressing', doing }));
    await until(() => ready('serving'), expect.objectContaining({ reason: 'DependencyNotReady' }));
    expect(await serves()).toBe(false);
  });

  it('approves by a commit where the policy names its service account, and nowhere else', async () => {
    await scene.push('approve all', {
      'models/fraud.yaml': aVersionFile('fraud', { use: 'merge', approve: 'merged: #1' }),
      'models/churn.yaml': aVersionFile('churn', { use: 'people', approve: 'merged: #1' }),
      'production/risk.yaml': aVersionFile('risk', { use: 'merge', approve: 'merged: #1' }),
    });
    const approved = { stage: 'Production', generation: 1, reason: 'ManuallyApproved', decisions: [FLUX] };
    await until(() => state('fraud'), approved);
    // Only with the feature gate CancelHealthCheckOnNewRevision: without it Flux looks at this commit when the check of
    // the one before has timed out.
    await until(() => state('risk'), approved);
    await until(() => state('churn'), { ...WAITS, decisions: [`${FLUX}, not counted`] });
  });

  it('starts what depends on the version once that is approved', async () => {
    await until(() => ready('approved'), expect.objectContaining({ reason: 'ReconciliationSucceeded' }));
    await until(serves, true);
  });

  it('approves nothing by an annotation that stays in Git after a change of the spec', async () => {
    const { revision } = await scene.push('another accuracy', {
      'models/fraud.yaml': aVersionFile('fraud', { use: 'merge', approve: 'merged: #1', accuracy: 0.5 }),
    });
    const voided = { ...WAITS, stage: 'Production', generation: 2, decisions: [`${FLUX}, not counted`] };
    await until(() => state('fraud'), voided);
    await until(() => ready('models'), expect.objectContaining({ reason: 'ReconciliationSucceeded', revision }));
    // It is applied again and again, and stays what it is.
    await scene.untilReconciled('models', 2);
    expect(await state('fraud')).toEqual(voided);
  });

  it('says so where one commit changes the spec and approves', async () => {
    await scene.push('change and approve', {
      'models/fraud.yaml': aVersionFile('fraud', { use: 'merge', approve: 'merged: #2', accuracy: 0.6 }),
    });
    const message = expect.stringContaining('change the spec in one request and decide in another');
    await until(() => ready('models'), expect.objectContaining({ reason: 'ReconciliationFailed', message }));
    await scene.push('change first', {
      'models/fraud.yaml': aVersionFile('fraud', { use: 'merge', approve: 'merged: #1', accuracy: 0.6 }),
    });
    await until(() => ready('models'), expect.objectContaining({ reason: 'ReconciliationSucceeded' }));
  });

  it('and the operator write nothing at rest', async () => {
    await until(() => state('fraud'), expect.objectContaining({ generation: 3, reason: 'AwaitingApproval' }));
    await scene.untilReconciled('models', 1);
    const before = await written();
    expect(before).toHaveLength(3);
    await Promise.all([scene.untilReconciled('models', 3), scene.untilReconciled('approved', 3)]);
    expect(await written()).toEqual(before);
  });

  it('puts back what somebody changed, and leaves the decision alone', async () => {
    const before = await scene.cluster.read('risk');
    assertOk(await scene.cluster.admin(['label', 'modelversion', 'risk', 'use=people', '--overwrite']));
    await until(async () => (await scene.cluster.read('risk')).metadata.labels?.use, 'merge');
    const after = await scene.cluster.read('risk');
    // Not the conditions: what another policy would say of it meanwhile is told by PolicyCompliant.
    expect(settled(after)).toEqual(settled(before));
  });

  it('fails where a version is rejected', async () => {
    const reject = ['annotate', 'modelversion', 'churn', 'assent.dev/reject=no model card'];
    assertOk(await scene.cluster.approver(reject));
    await until(() => state('churn'), expect.objectContaining({ stage: 'Archived', reason: 'RejectedByApprover' }));
    const message = expect.stringMatching(/ModelVersion\/.*\/churn status: 'Failed'/);
    await until(() => ready('models'), expect.objectContaining({ reason: 'HealthCheckFailed', message }));
    expect((await state('churn')).decisions).toEqual([`${FLUX}, not counted`, APPROVER.user]);
  });
});

/** What was decided on a version, by all that decides. */
function settled({ status }: Awaited<ReturnType<FluxScene['cluster']['read']>>) {
  const { stage, decision, approvals, history, observedGeneration } = status ?? {};
  return { stage, decision, approvals, history, observedGeneration };
}

/** Every write, by whomever, makes another resourceVersion. */
async function written() {
  const { stdout } = assertOk(
    await scene.cluster.admin(['get', 'modelversions', 'fraud', 'churn', 'risk', '--output', 'json']),
  );
  const { items } = z
    .object({ items: z.array(z.object({ metadata: z.object({ name: z.string(), resourceVersion: z.string() }) })) })
    .parse(JSON.parse(stdout));
  return items.map(({ metadata: { name, resourceVersion } }) => ({ name, resourceVersion }));
}
