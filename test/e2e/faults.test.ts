import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ADMISSION_NAMES, DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, GROUP, ModelVersion, VERSION } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';
import { expectReplays } from './expect-replays.ts';
import { fetchMetrics } from './operator-metrics.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { until } from './until.ts';

// A control plane of its own: these tests stop it, and take its admission policies away.
let controlPlane: ControlPlane;
let cluster: Cluster;
let operatorConfig: string;

/** The same thing fails so often before the API server is back: by then it waits seconds between two tries. */
const OFTEN = 5;

const ALICE_APPROVES = {
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: 'alice-approves' },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'assent-approver' },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
};

const versionsPath = (namespace: string) => `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/modelversions`;

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  await install(cluster);
  operatorConfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  const rego = 'package approval\n\nallow contains "good" if input.modelVersion.spec.metrics.accuracy > 0.9\n';
  await applyManifest(
    cluster,
    {
      apiVersion: API_VERSION,
      kind: 'ClusterApprovalPolicy',
      metadata: { name: 'accuracy' },
      spec: { modules: { 'accuracy.rego': rego }, approvers: ['alice'] },
    },
    'test',
  );
});

afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

async function createVersions(namespace: string, count: number): Promise<void> {
  await applyManifest(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, 'test');
  const create = (index: number) =>
    cluster.request({
      method: 'POST',
      path: versionsPath(namespace),
      body: {
        apiVersion: API_VERSION,
        kind: 'ModelVersion',
        metadata: { name: `mv-${index}` },
        spec: {
          model: 'fraud',
          version: `${index}`,
          stage: 'Production',
          metrics: { accuracy: index % 4 === 0 ? 0.5 : 0.95 },
        },
      },
    });
  await Promise.all(Array.from({ length: count }, (_, index) => create(index)));
}

async function listVersions(namespace: string): Promise<readonly ModelVersion[]> {
  const list = await cluster.request({ method: 'GET', path: versionsPath(namespace) });
  const { items } = z.object({ items: z.array(z.looseObject({})) }).parse(list);
  return items.map((item) => ModelVersion.parse({ apiVersion: API_VERSION, kind: 'ModelVersion', ...item }));
}

async function countDecided(namespace: string): Promise<number> {
  return (await listVersions(namespace)).filter(({ status }) => status?.decision).length;
}

/** Three of four are approved, with one entry of history; the fourth waits, with none. */
async function expectEachDecidedOnce(namespace: string, count: number): Promise<void> {
  await until(() => countDecided(namespace), count, 120_000);
  for (const { metadata, spec, status } of await listVersions(namespace)) {
    const good = (spec.metrics?.accuracy ?? 0) > 0.9;
    expect({ name: metadata.name, stage: status?.stage, entries: status?.history?.length ?? 0 }).toEqual({
      name: metadata.name,
      stage: good ? 'Production' : 'None',
      entries: good ? 1 : 0,
    });
  }
}

it('an operator killed in the middle of 1,000 versions and started again decides each once, and loses none', async () => {
  await createVersions('killed', 1_000);
  const first = await startOperatorProcess(operatorConfig);
  await until(async () => (await countDecided('killed')) > 100, true);
  await first.kill();
  const left = 1_000 - (await countDecided('killed'));
  expect(left).toBeGreaterThan(0);
  await using second = await startOperatorProcess(operatorConfig);
  await expectEachDecidedOnce('killed', 1_000);
  await expectReplays(first.log);
  await expectReplays(second.log);
}, 240_000);

/** @returns how often this was logged of one and the same thing */
function mostOfOne({ log }: OperatorProcess, message: string, field: 'key' | 'resource'): number {
  const times = Map.groupBy(
    log.filter(({ msg }) => msg === message),
    (line) => line[field],
  );
  return Math.max(0, ...[...times.values()].map(({ length }) => length));
}

it('an API server that stops and starts in the middle costs nothing: each is decided once', async () => {
  await using operator = await startOperatorProcess(operatorConfig);
  await createVersions('stopped', 600);
  await until(async () => (await countDecided('stopped')) > 50, true);
  await controlPlane.stopApiServer('SIGKILL');
  // Requests, watches and retries fail again and again.
  await until(async () => mostOfOne(operator, 'reconcile failed', 'key') >= OFTEN, true);
  await until(async () => mostOfOne(operator, 'watch interrupted', 'resource') >= OFTEN, true);
  await controlPlane.startApiServer();
  await expectEachDecidedOnce('stopped', 600);
  await expectReplays(operator.log);
}, 240_000);

it('an operator that starts with nothing to do writes nothing', async () => {
  const versionsOf = async () => (await listVersions('stopped')).map(({ metadata }) => metadata.resourceVersion);
  const before = await versionsOf();
  const operator = await startOperatorProcess(operatorConfig);
  await createVersions('after', 4);
  await expectEachDecidedOnce('after', 4);
  await operator[Symbol.asyncDispose]();
  expect(await versionsOf()).toEqual(before);
}, 120_000);

describe('the checking admission policy, taken away while the operator runs', () => {
  const bindings = '/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings';
  let operator: OperatorProcess;
  beforeAll(async () => {
    operator = await startOperatorProcess(operatorConfig, { args: ['--health-port', '0'] });
  });
  afterAll(async () => {
    await operator?.[Symbol.asyncDispose]();
  });

  const versionOf = async (namespace: string): Promise<ModelVersion> => {
    const [version] = await listVersions(namespace);
    if (!version) throw new Error(`no version in ${namespace}`);
    return version;
  };
  const conditionOf = async (namespace: string) => {
    const found = (await versionOf(namespace)).status?.conditions?.find(({ type }) => type === 'ApprovalsVerified');
    return `${found?.status} ${found?.reason}`;
  };
  /** Whoever may edit the version writes what looks like a stamp; where nothing checks, it stays as written. */
  const forge = async (namespace: string) => {
    const stamp = { user: 'alice', groups: [], generation: 1, verdict: 'approve' };
    const annotations = { [`${GROUP}/approve`]: 'forged', [`${GROUP}/decided-by`]: JSON.stringify(stamp) };
    await cluster.request({
      method: 'PATCH',
      path: `${versionsPath(namespace)}/mv-0`,
      contentType: 'application/merge-patch+json',
      body: { metadata: { annotations } },
    });
    return (await versionOf(namespace)).metadata.annotations?.[`${GROUP}/decided-by`];
  };
  const verifiedMetric = async () => {
    return /^assent_approvals_verified (\d)$/m.exec(await fetchMetrics(operator))?.[1];
  };

  it('makes it stop honouring approvals within seconds, and say so on the objects and in its metrics', async () => {
    await createVersions('unverified', 1);
    await until(() => conditionOf('unverified'), 'True AdmissionPoliciesInForce');
    await until(verifiedMetric, '1');
    await cluster.request({ method: 'DELETE', path: `${bindings}/${ADMISSION_NAMES.decisions}` });
    await until(() => conditionOf('unverified'), 'False ApprovalsUnverified', 10_000);
    await until(verifiedMetric, '0');
    await until(async () => operator.log.some(({ msg }) => msg === 'approvals are not honoured'), true);
    await until(() => forge('unverified'), expect.stringContaining('"user"'));
    const recorded = async () => (await versionOf('unverified')).status?.approvals;
    await until(recorded, [expect.objectContaining({ verified: false, counted: false })]);
    expect((await versionOf('unverified')).status).toMatchObject({ stage: 'None', decision: { outcome: 'Pending' } });
  }, 120_000);

  it('and put back, makes it honour approvals again, but none of those that were written meanwhile', async () => {
    await install(cluster);
    await until(() => conditionOf('unverified'), 'True AdmissionPoliciesInForce');
    await until(verifiedMetric, '1');
    expect((await versionOf('unverified')).status).toMatchObject({ stage: 'None', decision: { outcome: 'Pending' } });
    await applyManifest(cluster, ALICE_APPROVES, 'test');
    const alice = await controlPlane.issueKubeconfig({ user: 'alice', groups: [] });
    await using asAlice = loadCluster({ kubeconfig: alice });
    const approve = (reason: string) =>
      asAlice.request({
        method: 'PATCH',
        path: `${versionsPath('unverified')}/mv-0`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations: { [`${GROUP}/approve`]: reason } } },
      });
    // Her role takes a moment to be known, and for a moment after the interruption whatever comes is in doubt.
    let tries = 0;
    const approved = async () => {
      await approve(`look no. ${++tries}`);
      return (await versionOf('unverified')).status?.stage;
    };
    await until(approved, 'Production');
  }, 120_000);
});
