import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, GROUP, modelVersionName, VERSION, type Verdict } from '../../src/api/index.ts';
import { type ControlPlane, install, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';
import { openGate } from '../../src/pipeline/index.ts';
import { startCli, type WaitingProcess } from './gate-process.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

// A control plane of its own: these tests stop it.
let controlPlane: ControlPlane;
let admin: Cluster;
let alice: Cluster;
let operatorConfig: string;
let operator: OperatorProcess;
let folder: string;
let proxy: TcpProxy;
/** The way through the proxy. */
let kubeconfig: string;
let count = 0;
let model: string;

const versionsPath = `/apis/${GROUP}/${VERSION}/namespaces/default/modelversions`;
const pathOf = (name: string) => `${versionsPath}/${modelVersionName(name, '1')}`;

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  admin = loadCluster({ kubeconfig: controlPlane.kubeconfig });
  await install(admin);
  await applyManifest(
    admin,
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata: { name: 'alice-approves' },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'assent-approver' },
      subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: 'alice' }],
    },
    'test',
  );
  alice = loadCluster({ kubeconfig: await controlPlane.issueKubeconfig({ user: 'alice', groups: [] }) });
  operatorConfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  operator = await startOperatorProcess(operatorConfig);
  folder = await mkdtemp(join(tmpdir(), 'assent-gate-faults-'));
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  for (const cluster of [admin, alice]) await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  model = `model-${++count}`;
  proxy = await startTcpProxy(Number(new URL(controlPlane.url).port));
  kubeconfig = join(folder, `kubeconfig-${proxy.port}`);
  const content = await readFile(controlPlane.kubeconfig, 'utf8');
  await writeFile(kubeconfig, content.replace(controlPlane.url, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 });
});
afterEach(async () => {
  await proxy[Symbol.asyncDispose]();
});

const startGate = (...args: readonly string[]): WaitingProcess =>
  startCli(['gate', '--model', model, '--version', '1', '--approvers', 'alice', '--kubeconfig', kubeconfig, ...args]);

const untilWaiting = (gate: WaitingProcess) => gate.untilSaid(/waits for 1 approval by alice.*\(waiting for/);

async function decide(verdict: Verdict, name = model): Promise<void> {
  await alice.request({
    method: 'PATCH',
    path: pathOf(name),
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [ANNOTATIONS[verdict]]: 'looked at it' } } },
  });
}

async function outcome(): Promise<unknown> {
  const stored = await admin.request({ method: 'GET', path: pathOf(model) });
  return Object(stored).status?.decision?.outcome;
}

it('still waits after a restart of the operator, of the API server and of its connection, and is right then', async () => {
  await using gate = startGate();
  await untilWaiting(gate);

  await operator.kill();
  operator = await startOperatorProcess(operatorConfig);
  expect(gate.isRunning()).toBe(true);

  await controlPlane.stopApiServer('SIGKILL');
  await gate.untilSaid(/trying again for 15m/);
  await controlPlane.startApiServer();
  await gate.untilSaid(/the cluster answers again/);
  expect(gate.isRunning()).toBe(true);

  const before = proxy.attempts.length;
  proxy.cut();
  await until(async () => proxy.attempts.length > before, true);
  expect(gate.isRunning()).toBe(true);

  // The operator comes back to a new API server by itself. That serves the kinds of CRDs a moment after it is ready.
  await until(() => decide('approve').then(() => true), true);
  expect(await gate.ended).toMatchObject({ status: 0, stdout: expect.stringContaining('ManuallyApproved') });
}, 120_000);

it('learns of a rejection that came while it was cut off', async () => {
  await using gate = startGate();
  await untilWaiting(gate);
  proxy.refuse();
  await gate.untilSaid(/trying again/);
  await decide('reject');
  await until(outcome, 'Rejected');
  expect(gate.isRunning()).toBe(true);
  proxy.recover();
  expect(await gate.ended).toMatchObject({ status: 1, stdout: expect.stringContaining('RejectedByApprover') });
}, 60_000);

it('takes no approval that was revoked while it was cut off', async () => {
  await using gate = startGate();
  await untilWaiting(gate);
  proxy.refuse();
  await gate.untilSaid(/trying again/);
  await decide('approve');
  await until(outcome, 'Approved');
  await decide('revoke');
  await until(outcome, 'Rejected');
  proxy.recover();
  expect(await gate.ended).toMatchObject({ status: 1, stdout: expect.stringContaining('Revoked') });
}, 60_000);

it('takes no approval of another object that was made under the name while it was cut off', async () => {
  await using gate = startGate();
  await untilWaiting(gate);
  proxy.refuse();
  await gate.untilSaid(/trying again/);
  const { spec } = Object(await admin.request({ method: 'GET', path: pathOf(model) }));
  await admin.request({ method: 'DELETE', path: pathOf(model) });
  const metadata = { name: modelVersionName(model, '1') };
  const body = { apiVersion: `${GROUP}/${VERSION}`, kind: 'ModelVersion', metadata, spec };
  await admin.request({ method: 'POST', path: versionsPath, body });
  await until(outcome, 'Pending');
  await decide('approve');
  await until(outcome, 'Approved');
  proxy.recover();
  const { status, stdout } = await gate.ended;
  // The watch may tell of the deletion first.
  expect(stdout).toMatch(/(replaced: Replaced|deleted: Deleted): /);
  expect(status).toBe(2);
}, 60_000);

it('gives 5 where the cluster stays out of reach, while it waits and before it asks', async () => {
  await using waiting = startGate('--unreachable-for', '1s');
  await untilWaiting(waiting);
  proxy.refuse();
  await using late = startGate('--unreachable-for', '1s');
  const ended = [await waiting.ended, await late.ended];
  for (const { stdout } of ended) expect(stdout).toMatch(/unreachable: ClusterUnreachable: .*cannot be reached/);
  expect(ended.map(({ status }) => status)).toEqual([5, 5]);
}, 60_000);

it('200 gates wait at once with a handful of requests each, and all are answered', async () => {
  let requests = 0;
  let waiting = 0;
  const GATES = 200;
  const open = async (index: number) => {
    const cluster = loadCluster({ kubeconfig });
    const counted: Cluster = {
      ...cluster,
      request: (request) => {
        requests += 1;
        return cluster.request(request);
      },
      stream: (request) => {
        requests += 1;
        return cluster.stream(request);
      },
    };
    const told = new Set<string>();
    const { end } = await openGate(
      counted,
      {
        ...{ namespace: 'default', model: `many-${index}`, version: '1', stage: 'Production' },
        ...{ approvers: ['alice'], claims: {} },
      },
      {
        signal: AbortSignal.timeout(120_000),
        unreachableForMs: 10_000,
        onAsked: () => {},
        onProblem: () => {},
        onWaiting({ message }) {
          if (message.startsWith('waits for') && told.size === 0) waiting += 1;
          if (message.startsWith('waits for')) told.add(message);
        },
      },
    );
    await cluster[Symbol.asyncDispose]();
    return end.kind;
  };
  const gates = Array.from({ length: GATES }, (_, index) => open(index));
  await until(async () => waiting, GATES, 90_000);
  const verdict = (index: number) => (index % 4 === 0 ? 'reject' : 'approve');
  await Promise.all(gates.map((_, index) => decide(verdict(index), `many-${index}`)));
  const ends = await Promise.all(gates);
  expect(ends).toEqual(gates.map((_, index) => (verdict(index) === 'reject' ? 'rejected' : 'approved')));
  // Each: read, create, list, watch; and an approval is read again.
  expect(requests).toBeLessThanOrEqual(GATES * 5);
}, 180_000);
