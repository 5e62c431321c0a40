import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity, TRY_AGAIN } from '../../src/admission/index.ts';
import { ANNOTATIONS, API_VERSION, GROUP, ModelVersion, VERSION } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type Cluster, KubeApiError, loadCluster } from '../../src/kube/index.ts';
import { type AdmissionCluster, assertOk, installAdmission } from './admission-cluster.ts';
import { expectReplays } from './expect-replays.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const APPROVERS = 50;

let cluster: AdmissionCluster;
let operator: OperatorProcess;
const connections = new AsyncDisposableStack();
const people: Cluster[] = [];

beforeAll(async () => {
  cluster = await installAdmission();
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'everybody' },
    spec: {
      modules: { 'everybody.rego': 'package approval\n\nrequire contains {"reason": "everybody must look"}\n' },
      approvers: ['group:reviewers'],
      required: APPROVERS,
    },
  };
  assertOk(await cluster.admin(['apply', '--filename', '-'], policy));
  const binding = ['create', 'rolebinding', 'reviewers', '--clusterrole', 'assent-approver', '--group', 'reviewers'];
  assertOk(await cluster.admin(binding));
  for (let index = 0; index < APPROVERS; index++) {
    const config = await kubeconfigFor(sharedCluster(), { user: `reviewer-${index}`, groups: ['reviewers'] });
    people.push(connections.use(loadCluster({ kubeconfig: config })));
  }
  operator = await startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace] });
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await connections.disposeAsync();
});

async function approve(person: Cluster, name: string, reason: string): Promise<{ readonly refusals: number }> {
  for (let refusals = 0; ; refusals++) {
    try {
      await person.request({
        method: 'PATCH',
        path: `/apis/${GROUP}/${VERSION}/namespaces/${cluster.namespace}/modelversions/${name}`,
        contentType: 'application/merge-patch+json',
        body: { metadata: { annotations: { [ANNOTATIONS.approve]: reason } } },
      });
      return { refusals };
    } catch (error) {
      // Refused until the decision before is recorded; or somebody else wrote between the API server's read and write.
      const passes = error instanceof KubeApiError && (error.message.includes(TRY_AGAIN) || error.code === 'conflict');
      if (!passes) throw error;
      await sleep(100 + Math.random() * 400);
    }
  }
}

it(`${APPROVERS} approvers at once on one version: every one that is accepted is recorded, and none twice`, async () => {
  const name = await cluster.submit();
  const read = async () => ModelVersion.parse(await cluster.read(name));
  await until(async () => (await read()).status?.decision?.outcome, 'Pending');
  const results = await Promise.all(people.map((person, index) => approve(person, name, `look no. ${index}`)));
  // They did meet: a second decision is refused until the first is recorded.
  expect(results.reduce((sum, { refusals }) => sum + refusals, 0)).toBeGreaterThan(0);
  await until(async () => (await read()).status?.stage, 'Production');
  const { status } = await read();
  const everybody = Array.from({ length: APPROVERS }, (_, index) => `reviewer-${index}`);
  expect(status?.approvals?.map(({ user }) => user).toSorted()).toEqual(everybody.toSorted());
  expect(
    status?.approvals?.every(({ counted, reason, user }) => counted && reason === `look no. ${user.slice(9)}`),
  ).toBe(true);
  expect(status?.history).toHaveLength(1);
}, 180_000);

it('every decision on the way there replays to the same bytes', async () => {
  const { decisions } = await expectReplays(operator.log);
  expect(decisions).toBeGreaterThan(APPROVERS / 2);
});
