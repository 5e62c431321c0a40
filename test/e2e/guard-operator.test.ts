import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { buildGuardManifests, DEFAULT_NAMESPACE, GUARD_NAME, operatorIdentity } from '../../src/admission/index.ts';
import {
  ANNOTATIONS,
  API_VERSION,
  GROUP,
  LABELS,
  STAGE_APPROVALS_NAME,
  StageApprovals,
  VERSION,
} from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, KubeApiError, loadCluster } from '../../src/kube/index.ts';
import { buildStageApprovals } from '../../src/operator/build-stage-approvals.ts';
import { refOf } from '../../src/operator/object-ref.ts';
import { createStageApprovalsWriter } from '../../src/operator/stage-approvals-writer.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { until } from './until.ts';
import { aWorkload } from './workloads.ts';

// A control plane of its own: these tests install the guard, and count what the operator writes.
let controlPlane: ControlPlane;
let cluster: Cluster;
let operatorConfig: string;
let operator: OperatorProcess;

const ALICE_APPROVES = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'alice-approves' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'assent-approver' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
};

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  await install(cluster);
  operatorConfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  const rego = 'package approval\n\nallow contains "good" if input.modelVersion.spec.metrics.accuracy > 0.9\n';
  await apply({
    apiVersion: API_VERSION,
    kind: 'ClusterApprovalPolicy',
    metadata: { name: 'accuracy' },
    spec: { modules: { 'accuracy.rego': rego }, approvers: ['alice'] },
  });
  await apply(ALICE_APPROVES);
  operator = await startOperatorProcess(operatorConfig);
});
afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

async function apply(manifest: unknown): Promise<void> {
  await applyManifest(cluster, manifest, 'test');
}

async function createNamespace(name: string, labels: Record<string, string> = {}): Promise<void> {
  await apply({ apiVersion: 'v1', kind: 'Namespace', metadata: { name, labels } });
}

const ours = (namespace: string, plural = 'modelversions') =>
  `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/${plural}`;

async function submit(namespace: string, name: string, spec: Record<string, unknown> = {}): Promise<void> {
  const body = {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { name },
    spec: { model: name, version: '1', stage: 'Production', metrics: { accuracy: 0.95 }, ...spec },
  };
  await cluster.request({ method: 'POST', path: ours(namespace), body });
}

function change(namespace: string, name: string, body: Record<string, unknown>, by = cluster): Promise<unknown> {
  const contentType = 'application/merge-patch+json';
  return by.request({ method: 'PATCH', path: `${ours(namespace)}/${name}`, contentType, body });
}

/** @returns 'let in', or why not. A dry run goes through admission, and leaves nothing behind. */
async function deploy(namespace: string, version: string): Promise<string> {
  const body = aWorkload('Deployment', 'server', { labels: { [LABELS.modelVersion]: version } });
  return answerOf(
    cluster.request({
      method: 'POST',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments`,
      query: { dryRun: 'All' },
      body,
    }),
  );
}

async function answerOf(request: Promise<unknown>): Promise<string> {
  try {
    await request;
    return 'let in';
  } catch (error) {
    if (error instanceof KubeApiError) return error.message;
    throw error;
  }
}

async function readApprovals(namespace: string): Promise<StageApprovals | null> {
  try {
    const path = `${ours(namespace, 'stageapprovals')}/${STAGE_APPROVALS_NAME}`;
    return StageApprovals.parse(await cluster.request({ method: 'GET', path }));
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 'not-found') return null;
    throw error;
  }
}

const approvedIn = async (namespace: string) => (await readApprovals(namespace))?.status?.versions.Production;
const notApproved = (version: string) =>
  expect.stringContaining(`ModelVersion ${version} is not approved for Production`);
const countWrites = (namespace: string) =>
  operator.log.filter((line) => line.msg === 'stage approvals written' && line.namespace === namespace).length;

it('without the guard the operator writes nothing for it, even in a namespace that has the label', async () => {
  await createNamespace('risk', { [LABELS.stage]: 'Production' });
  await submit('risk', 'fraud-1');
  await until(async () => {
    const version = await cluster.request({ method: 'GET', path: `${ours('risk')}/fraud-1` });
    return z.object({ status: z.object({ stage: z.string() }) }).parse(version).status.stage;
  }, 'Production');
  expect(await readApprovals('risk')).toBeNull();
});

describe('the guard, installed while the operator runs', () => {
  beforeAll(async () => {
    for (const manifest of buildGuardManifests()) await apply(manifest);
    await until(() => deploy('risk', 'fraud-0'), notApproved('fraud-0'));
  });

  it('lets in what was approved before, and the operator says that it keeps it', async () => {
    await until(() => deploy('risk', 'fraud-1'), 'let in');
    expect(operator.log).toContainEqual(
      expect.objectContaining({ msg: 'deployment guard changed', installed: true, problems: [] }),
    );
  });

  it('refuses a version that waits, lets it in once it is approved, and refuses it again once that is revoked', async () => {
    await submit('risk', 'fraud-2', { metrics: { accuracy: 0.5 } });
    await until(() => deploy('risk', 'fraud-2'), notApproved('fraud-2'));
    const kubeconfig = await controlPlane.issueKubeconfig({ user: 'alice', groups: [] });
    await using alice = loadCluster({ kubeconfig });
    const decide = (annotation: string) =>
      change('risk', 'fraud-2', { metadata: { annotations: { [annotation]: 'looked at it' } } }, alice);
    await until(() => answerOf(decide(ANNOTATIONS.approve)), 'let in');
    await until(() => deploy('risk', 'fraud-2'), 'let in');
    await until(() => answerOf(decide(ANNOTATIONS.revoke)), 'let in');
    await until(() => deploy('risk', 'fraud-2'), notApproved('fraud-2'));
  });

  it('refuses new workloads of a version that is archived; what runs may be scaled', async () => {
    await submit('risk', 'fraud-3');
    await until(() => deploy('risk', 'fraud-3'), 'let in');
    const labels = { [LABELS.modelVersion]: 'fraud-3' };
    await apply({
      ...aWorkload('Deployment', 'running', { labels }),
      metadata: { name: 'running', namespace: 'risk', labels },
    });
    await change('risk', 'fraud-3', { spec: { stage: 'Archived' } });
    await until(() => deploy('risk', 'fraud-3'), notApproved('fraud-3'));
    const scaled = (path: string) =>
      answerOf(
        cluster.request({
          method: 'PATCH',
          path: `/apis/apps/v1/namespaces/risk/deployments/running${path}`,
          contentType: 'application/merge-patch+json',
          body: { spec: { replicas: 3 } },
        }),
      );
    expect(await scaled('')).toBe('let in');
    expect(await scaled('/scale')).toBe('let in');
  });

  it('refuses a version that moved to Staging, and says where it is', async () => {
    await submit('risk', 'fraud-4', { stage: 'Staging' });
    await until(
      () => deploy('risk', 'fraud-4'),
      expect.stringContaining('ModelVersion fraud-4 is approved for Staging, and namespace risk is for Production'),
    );
  });

  it('refuses a version whose spec has changed until that is approved too', async () => {
    const digest = (digit: string) => ({ artifact: { uri: 's3://models/5', digest: `sha256:${digit.repeat(64)}` } });
    await submit('risk', 'fraud-5', digest('a'));
    await until(async () => (await approvedIn('risk'))?.['fraud-5'], `sha256:${'a'.repeat(64)}`);
    await change('risk', 'fraud-5', { spec: { ...digest('b'), metrics: { accuracy: 0.5 } } });
    await until(() => deploy('risk', 'fraud-5'), notApproved('fraud-5'));
    await change('risk', 'fraud-5', { spec: { metrics: { accuracy: 0.95 } } });
    await until(async () => (await approvedIn('risk'))?.['fraud-5'], `sha256:${'b'.repeat(64)}`);
  });

  it('refuses a version that is deleted', async () => {
    await submit('risk', 'fraud-6');
    await until(() => deploy('risk', 'fraud-6'), 'let in');
    await cluster.request({ method: 'DELETE', path: `${ours('risk')}/fraud-6` });
    await until(() => deploy('risk', 'fraud-6'), notApproved('fraud-6'));
  });

  it('gets its object back when somebody deletes it', async () => {
    const before = await readApprovals('risk');
    await cluster.request({ method: 'DELETE', path: `${ours('risk', 'stageapprovals')}/${STAGE_APPROVALS_NAME}` });
    await until(async () => (await readApprovals('risk'))?.status?.versions, before?.status?.versions);
  });

  it('serves a namespace the models of another one, and gives the object up with the label', async () => {
    await createNamespace('serving', { [LABELS.stage]: 'Production', [LABELS.modelNamespace]: 'risk' });
    await until(() => deploy('serving', 'fraud-1'), 'let in');
    expect((await readApprovals('serving'))?.status?.modelNamespace).toBe('risk');
    await createNamespace('serving');
    await until(() => readApprovals('serving'), null);
    await until(() => deploy('serving', 'anything'), 'let in');
  });

  it('costs few writes however many decisions come at once', async () => {
    await createNamespace('many', { [LABELS.stage]: 'Production' });
    await until(() => deploy('many', 'none'), notApproved('none'));
    const before = countWrites('many');
    const startedAt = performance.now();
    await Promise.all(Array.from({ length: 400 }, (_, index) => submit('many', `mv-${index}`)));
    await until(async () => Object.keys((await approvedIn('many')) ?? {}).length, 400);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(countWrites('many') - before).toBeLessThan(10 + 2 * seconds);
  });

  it('answers from the last state while the operator is away, and from the newest once it is back', async () => {
    await submit('risk', 'fraud-7');
    await until(() => deploy('risk', 'fraud-7'), 'let in');
    await operator.kill();
    await submit('risk', 'fraud-8');
    await cluster.request({ method: 'DELETE', path: `${ours('risk')}/fraud-7` });
    expect(await deploy('risk', 'fraud-1')).toBe('let in');
    expect(await deploy('risk', 'fraud-7')).toBe('let in');
    expect(await deploy('risk', 'fraud-8')).toEqual(notApproved('fraud-8'));
    operator = await startOperatorProcess(operatorConfig);
    // No version is decided before: what the operator found is corrected when it says that it is ready.
    expect(await approvedIn('risk')).not.toHaveProperty('fraud-7');
    await until(() => deploy('risk', 'fraud-7'), notApproved('fraud-7'));
    await until(() => deploy('risk', 'fraud-8'), 'let in');
  });

  it('is written by no operator that does not know the versions: it would say that none is approved', async () => {
    await operator[Symbol.asyncDispose]();
    const before = await readApprovals('risk');
    operator = await startOperatorProcess(operatorConfig, { args: ['--namespaces', 'many'] });
    expect((await readApprovals('risk'))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
    await submit('many', 'one-more');
    await until(() => deploy('many', 'one-more'), 'let in');
    expect((await readApprovals('risk'))?.metadata.resourceVersion).toBe(before?.metadata.resourceVersion);
  });

  it('answers from the largest object that the operator writes', async () => {
    await operator[Symbol.asyncDispose]();
    const approved = new Map(
      Array.from({ length: 20_000 }, (_, index) => [
        `mv-${index}`,
        { stage: 'Production' as const, digest: `sha256:${'a'.repeat(64)}`, movedAt: new Date(index).toISOString() },
      ]),
    );
    const status = buildStageApprovals('many', approved, undefined, new Date().toISOString());
    expect(status.omitted).toBeGreaterThan(0);
    const stored = await readApprovals('many');
    await using asOperator = loadCluster({ kubeconfig: operatorConfig });
    await createStageApprovalsWriter(asOperator).writeStatus(refOf(stored?.metadata ?? { name: '' }), status);
    await until(() => deploy('many', 'mv-19999'), 'let in');
    expect(await deploy('many', 'mv-0')).toContain(
      `(or it is one of ${status.omitted} approved versions that StageApprovals has no room for)`,
    );
    operator = await startOperatorProcess(operatorConfig);
    await until(() => deploy('many', 'mv-19999'), notApproved('mv-19999'));
  });

  it('that is weaker than it was built is told, and that it is gone as well', async () => {
    const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
    await cluster.request({
      method: 'PATCH',
      path: `${bindings}/${GUARD_NAME}`,
      contentType: 'application/merge-patch+json',
      body: { spec: { validationActions: ['Warn'] } },
    });
    const told = async () => operator.log.filter(({ msg }) => String(msg).startsWith('deployment guard')).at(-1);
    const problems = [expect.stringContaining('binding: spec.validationActions')];
    await until(told, expect.objectContaining({ installed: true, problems }));
    const policies = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies';
    await cluster.request({ method: 'DELETE', path: `${policies}/${GUARD_NAME}` });
    await until(told, expect.objectContaining({ installed: false }));
  });
});
