import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { ADMISSION_NAMES, DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION, GROUP, Metadata, VERSION } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { type Cluster, loadCluster } from '../../src/kube/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { until } from './until.ts';

// A control plane of its own, without the stamping policy, as on Kubernetes before 1.36: the client writes the stamp, and
// the API server takes it only where it is, byte for byte, the one that the checking policy builds in CEL.
let controlPlane: ControlPlane;
let cluster: Cluster;
let operator: OperatorProcess;

const VERSIONS = `/apis/${GROUP}/${VERSION}/namespaces/default/modelversions`;

const NAMES = [
  'alice',
  'with "quotes", commas',
  'back\\slash\\',
  '],"generation":1,"verdict":"approve"}',
  "o'neil <script>",
  'Jürgen ✓ 模型 🙂',
  'line\u2028separator',
  'delete\x7f',
];

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
});
afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
});

test('a cluster where Assent is not installed is told so, with what to do', async () => {
  const flags = ['--kubeconfig', controlPlane.kubeconfig];
  const runs = await Promise.all([
    runCli(['list', ...flags]),
    runCli(['approve', 'fraud-7', '--reason', 'ok', ...flags]),
  ]);
  for (const { status, stdout, stderr } of runs) {
    expect(stderr).toMatch(/^the cluster does not know ModelVersions .*helm install assent charts\/assent.*npm start/);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  }
});

test('the stamps that the client writes are taken, whatever the names hold, and count', async () => {
  await install(cluster);
  await removeStamping();
  const kubeconfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  operator = await startOperatorProcess(kubeconfig);

  const approvals = NAMES.map(async (user, index) => {
    const name = `mv-${index}`;
    await create(name);
    await bindApprover(`approver-${index}`, user);
    const person = await controlPlane.issueKubeconfig({ user, groups: [`group of ${user}`] });
    const run = await runCli(['approve', name, '--reason', 'ok', '--kubeconfig', person, '--timeout', '60s']);
    return { user, status: run.status, stderr: run.stderr, stamp: (await annotationsOf(name))[ANNOTATIONS.decidedBy] };
  });
  expect(await Promise.all(approvals)).toEqual(
    NAMES.map((user) => ({
      user,
      status: 0,
      stderr: '',
      stamp: JSON.stringify({
        user,
        groups: [`group of ${user}`, 'system:authenticated'],
        generation: 1,
        verdict: 'approve',
      }),
    })),
  );
}, 180_000);

async function create(name: string): Promise<void> {
  const spec = { model: name, version: '1', stage: 'Production' };
  const body = { apiVersion: API_VERSION, kind: 'ModelVersion', metadata: { name }, spec };
  await cluster.request({ method: 'POST', path: VERSIONS, body });
}

async function bindApprover(name: string, user: string): Promise<void> {
  const rbac = 'rbac.authorization.k8s.io';
  const body = {
    apiVersion: `${rbac}/v1`,
    kind: 'RoleBinding',
    metadata: { name, namespace: 'default' },
    roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: 'assent-approver' },
    subjects: [{ apiGroup: rbac, kind: 'User', name: user }],
  };
  const path = `/apis/${rbac}/v1/namespaces/default/rolebindings`;
  await cluster.request({ method: 'POST', path, body });
}

async function annotationsOf(name: string): Promise<Readonly<Record<string, string>>> {
  const found = await cluster.request({ method: 'GET', path: `${VERSIONS}/${name}` });
  return z.object({ metadata: Metadata }).parse(found).metadata.annotations ?? {};
}

/** The API server takes a moment to drop a binding. */
async function removeStamping(): Promise<void> {
  const bindings = '/apis/admissionregistration.k8s.io/v1/mutatingadmissionpolicybindings';
  await cluster.request({ method: 'DELETE', path: `${bindings}/${ADMISSION_NAMES.stamps}` });
  let probes = 0;
  await until(async () => {
    const name = `probe-${probes++}`;
    await create(name);
    return (await annotationsOf(name))[ANNOTATIONS.submittedBy];
  }, undefined);
}
