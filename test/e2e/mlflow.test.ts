import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, type ModelRegistry, type ModelVersion } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type MlflowServer, startMlflowServer } from '../mlflow/mlflow-server.ts';
import { runPython } from '../mlflow/run-python.ts';
import { type AdmissionCluster, assertOk, installAdmission } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { until } from './until.ts';

let folder: string;
let cluster: AdmissionCluster;
let mlflow: MlflowServer;
let operator: OperatorProcess;

const POLICY = `package approval

allow contains "accurate" if input.verified.metrics.accuracy > 0.9
`;

async function apply(object: Record<string, unknown>): Promise<void> {
  assertOk(await cluster.admin(['apply', '--filename', '-'], object));
}

async function startOperator(): Promise<void> {
  const kubeconfig = await kubeconfigFor(inject('cluster'), operatorIdentity(DEFAULT_NAMESPACE));
  const hosts = ['--registry-host', mlflow.url];
  operator = await startOperatorProcess(kubeconfig, {
    args: ['--namespaces', cluster.namespace, '--webhook-port', '0', ...hosts],
    cacheFolder: join(folder, 'cache'),
  });
}

async function register(...args: readonly string[]): Promise<void> {
  const run = await runPython(mlflow.python, 'register.py', { url: mlflow.url, args });
  expect(run).toMatchObject({ status: 0 });
}

interface Registered {
  readonly current_stage: string;
  readonly aliases?: readonly string[];
  readonly tags?: readonly { readonly key: string; readonly value: string }[];
}

async function registered(name: string, version: string): Promise<Registered> {
  const query = new URLSearchParams({ name, version });
  const response = await fetch(`${mlflow.url}/api/2.0/mlflow/model-versions/get?${query}`);
  const answer: { model_version: Registered } = JSON.parse(await response.text());
  return answer.model_version;
}

async function transition(name: string, version: string, stage: string): Promise<void> {
  const response = await fetch(`${mlflow.url}/api/2.0/mlflow/model-versions/transition-stage`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, version, stage, archive_existing_versions: false }),
  });
  expect(response.status).toBe(200);
}

async function registry(name: string): Promise<ModelRegistry> {
  return JSON.parse(assertOk(await cluster.admin(['get', 'modelregistry', name, '--output', 'json'])).stdout);
}

async function approvedAs(name: string): Promise<string | undefined> {
  const answer = await cluster.admin(['get', 'modelversion', name, '--output', 'json']);
  if (!answer.ok) return undefined;
  const { status }: ModelVersion = JSON.parse(answer.stdout);
  return status?.conditions?.find(({ type }) => type === 'Approved')?.reason;
}

const aRegistry = (name: string, spec: Record<string, unknown>) => ({
  apiVersion: API_VERSION,
  kind: 'ModelRegistry',
  metadata: { name },
  spec: { mlflow: { url: mlflow.url }, interval: '1s', ...spec },
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-mlflow-'));
  [cluster, mlflow] = await Promise.all([installAdmission(), startMlflowServer(join(folder, 'mlflow'))]);
  await apply({
    apiVersion: API_VERSION,
    kind: 'ApprovalPolicy',
    metadata: { name: 'accuracy' },
    spec: { modules: { 'accuracy.rego': POLICY } },
  });
  await startOperator();
}, 600_000);

afterAll(async () => {
  console.log(operator.log.filter(({ level }) => Number(level) > 30).map((l) => JSON.stringify(l)).slice(0, 5).join('\n'));
  await operator?.[Symbol.asyncDispose]();
  await mlflow?.[Symbol.asyncDispose]();
  await rm(folder, { recursive: true, force: true });
});

describe('a version that a training job registers', () => {
  it('is approved by what its run says, and MLflow shows it', async () => {
    await apply(aRegistry('mlflow', { models: ['fraud*'], import: { stage: 'Production' }, export: {} }));
    await register('fraud', '0.93', 'domain=cards', '--', 'fraud', '0.85');
    await until(() => approvedAs('fraud-1'), 'AutoApproved');
    await until(
      async () => {
        const { current_stage, aliases } = await registered('fraud', '1');
        return { current_stage, aliases };
      },
      { current_stage: 'Production', aliases: ['champion'] },
    );
    const version = await cluster.read('fraud-1');
    expect(version).toMatchObject({
      metadata: { labels: { domain: 'cards', 'assent.dev/registry': 'mlflow' } },
      spec: { metrics: { accuracy: 0.93 }, parameters: { max_depth: '6' }, source: { registry: 'mlflow' } },
      status: { stage: 'Production', verified: { outcome: 'Read', metrics: { accuracy: 0.93 } } },
    });
    await until(
      async () => (await registered('fraud', '1')).tags?.map(({ key, value }) => [key, value]),
      expect.arrayContaining([
        ['assent.dev/decision', 'Approved'],
        ['assent.dev/decided-by', 'ApprovalPolicy/accuracy'],
        ['assent.dev/decision-id', version.status?.decision?.id],
      ]),
    );
  });

  it('waits for a person below the threshold, and MLflow shows what the person decided', async () => {
    await until(() => approvedAs('fraud-2'), 'AwaitingApproval');
    expect((await registered('fraud', '2')).current_stage).toBe('None');
    assertOk(
      await cluster.approver(['annotate', 'modelversion', 'fraud-2', 'assent.dev/approve=checked the errors by hand']),
    );
    await until(
      async () => {
        const { current_stage, aliases } = await registered('fraud', '2');
        return { current_stage, aliases };
      },
      { current_stage: 'Production', aliases: ['champion'] },
    );
  });
});

describe('a stage that somebody moves in MLflow itself', () => {
  it('is put back within an interval, and told', async () => {
    await transition('fraud', '1', 'Archived');
    await until(async () => (await registered('fraud', '1')).current_stage, 'Production');
    await until(
      async () => operator.log.filter(({ msg, version }) => msg === 'registry drifted' && version === '1').length,
      1,
    );
    await until(
      async () => (await registry('mlflow')).status?.conditions?.find(({ type }) => type === 'InSync')?.status,
      'True',
    );
  });
});
