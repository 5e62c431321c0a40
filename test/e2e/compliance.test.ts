import { createHash } from 'node:crypto';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { findCompliance } from '../../src/decision/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { aSigner, signStatement } from '../sign-statement.ts';
import { type AdmissionCluster, assertOk, aVersion, installAdmission, patch } from './admission-cluster.ts';
import { fetchMetrics, findMetric } from './operator-metrics.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let cluster: AdmissionCluster;
let kubeconfig: string;
let operator: OperatorProcess;

const ABOVE = `package approval

allow contains "accurate enough" if input.modelVersion.spec.metrics.accuracy > data.parameters.threshold

deny contains $"{input.transition.from}: too weak" if {
	not input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
	data.parameters.strict
}
`;

const BEATS_CHAMPION = `package approval

allow contains "the first" if input.champion == null

allow contains "better" if input.modelVersion.spec.metrics.accuracy > input.champion.spec.metrics.accuracy

deny contains $"no better than {input.champion.metadata.name}" if {
	input.modelVersion.spec.metrics.accuracy <= input.champion.spec.metrics.accuracy
}
`;

const sha256 = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;

const start = () =>
  startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace, '--health-port', '0'] });

beforeAll(async () => {
  cluster = await installAdmission();
  kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  await cluster.applyPolicy('accuracy', ABOVE, { parameters: { threshold: 0.9 }, match: { models: ['alone-*'] } });
  operator = await start();
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
});

async function submit(name: string, spec: Record<string, unknown>, labels: Record<string, string> = {}): Promise<void> {
  assertOk(
    await cluster.submitter(['create', '--filename', '-'], aVersion({ name, labels }, { model: name, ...spec })),
  );
  assertOk(await cluster.admin(['wait', '--for=condition=Approved', '--timeout=30s', `mv/${name}`]));
}

async function stateOf(name: string) {
  const { status } = await cluster.read(name);
  const { status: compliant = 'not told', message = '' } = findCompliance(status) ?? {};
  return { stage: status?.stage, decision: status?.decision?.id, compliant, message };
}

/** It knows of a status a moment after it has written it. */
const countNotCompliant = async () => findMetric(await fetchMetrics(operator), 'assent_model_versions_not_compliant');

const tighten = (threshold: number) =>
  cluster.applyPolicy('accuracy', ABOVE, { parameters: { threshold, strict: true }, match: { models: ['alone-*'] } });

test('a stricter policy finds fault with what stands, which stays as it is, and a laxer one takes that back', async () => {
  await submit('alone-weak', { metrics: { accuracy: 0.91 } });
  await submit('alone-strong', { metrics: { accuracy: 0.99 } });
  const before = await stateOf('alone-weak');
  expect(before).toMatchObject({ stage: 'Production', compliant: 'not told' });

  await tighten(0.95);
  await until(() => stateOf('alone-weak'), {
    ...before,
    compliant: 'False',
    message: expect.stringContaining('deny it (None: too weak)'),
  });
  expect(await stateOf('alone-strong')).toMatchObject({ stage: 'Production', compliant: 'not told' });
  const { status } = await cluster.read('alone-weak');
  expect(status?.history).toHaveLength(1);
  await until(countNotCompliant, 1);
  await until(
    async () => (await cluster.admin(['events', '--for', 'modelversion/alone-weak'])).stdout,
    expect.stringContaining('PolicyDenies'),
  );

  const flags = ['--kubeconfig', sharedCluster().kubeconfig, '--namespace', cluster.namespace];
  const listed = await runCli(['list', '--not-compliant', '-o', 'name', ...flags]);
  expect(listed.stdout).toBe('alone-weak\n');
  const explained = await runCli(['status', 'alone-weak', ...flags]);
  expect(explained.stdout).toMatch(/^Today: +PolicyDenies: the policies of today deny it \(None: too weak\)/m);

  await tighten(0.5);
  await until(() => stateOf('alone-weak'), { ...before, compliant: 'True', message: expect.anything() });
  await until(countNotCompliant, 0);
});

test('a policy that changed while no operator ran is seen at the next start', async () => {
  await submit('alone-late', { metrics: { accuracy: 0.91 } });
  await operator[Symbol.asyncDispose]();
  await tighten(0.95);
  operator = await start();
  await until(() => stateOf('alone-late'), expect.objectContaining({ stage: 'Production', compliant: 'False' }));
});

test('a label that brings another policy is seen', async () => {
  await cluster.applyPolicy('credit', 'package approval\n\nrequire contains {"approvers": ["group:risk"]}\n', {
    match: { selector: { matchLabels: { domain: 'credit' } } },
  });
  await submit('alone-label', { metrics: { accuracy: 0.99 } });
  assertOk(await cluster.submitter(['label', 'mv', 'alone-label', 'domain=credit']));
  await until(
    () => stateOf('alone-label'),
    expect.objectContaining({ compliant: 'False', message: expect.stringContaining('1 approval by group:risk') }),
  );
  assertOk(await cluster.submitter(['label', 'mv', 'alone-label', 'domain-']));
  await until(() => stateOf('alone-label'), expect.objectContaining({ compliant: 'True' }));
});

test('what is compared with a champion is compared with the one before it, and not with those after it', async () => {
  const match = { models: ['chain'] };
  await cluster.applyPolicy('chain', 'package approval\n\nallow contains "anything"\n', { match });
  for (const [name, accuracy] of [
    ['chain-1', 0.8],
    ['chain-2', 0.9],
    ['chain-3', 0.85],
  ] as const)
    await submit(name, { model: 'chain', version: name, metrics: { accuracy } });

  await cluster.applyPolicy('chain', BEATS_CHAMPION, { match });
  await until(
    () => stateOf('chain-3'),
    expect.objectContaining({ compliant: 'False', message: expect.stringContaining('no better than chain-2') }),
  );
  expect(await stateOf('chain-1')).toMatchObject({ compliant: 'not told' });
  expect(await stateOf('chain-2')).toMatchObject({ compliant: 'not told' });
});

test('what is judged by evidence that cannot be had is judged when it can', async () => {
  const job = aSigner();
  const match = { models: ['proven'] };
  const digest = sha256('weights');
  const envelope = signStatement(aSigner(), { artifactDigest: digest });
  assertOk(await cluster.admin(['create', 'configmap', 'proof', `--from-literal=envelope=${envelope}`]));
  await cluster.applyPolicy('proven', 'package approval\n\nallow contains "anything"\n', { match });
  const attestation = { configMap: { name: 'proof', key: 'envelope' }, digest: sha256(envelope) };
  await submit('proven', {
    artifact: { uri: 's3://models/7', digest },
    evidence: [{ type: 'evaluation', attestation }],
  });
  await submit('unproven', { model: 'proven', version: 'unproven' });

  const rego = 'package approval\n\ndeny contains "no proof" if not input.verified.attestations\n';
  const evidence = { keys: [{ name: 'the evaluation job', publicKey: job.publicKey }] };
  await cluster.applyPolicy('proven', rego, { match, evidence });
  await until(() => stateOf('unproven'), expect.objectContaining({ compliant: 'False' }));
  expect(await stateOf('proven')).toMatchObject({ compliant: 'not told' });

  const reads = ['--verb=get', '--resource=configmaps', '--resource-name=proof'];
  assertOk(await cluster.admin(['create', 'role', 'proof-reader', ...reads]));
  const { user } = operatorIdentity(DEFAULT_NAMESPACE);
  assertOk(await cluster.admin(['create', 'rolebinding', 'proof-reader', '--role=proof-reader', `--user=${user}`]));
  await until(
    () => stateOf('proven'),
    expect.objectContaining({ compliant: 'False', message: expect.stringContaining('no proof') }),
  );
});

test('what could not be judged beside a champion that waits is judged when that is decided', async () => {
  const match = { models: ['pair'] };
  const weak = 'require contains {"approvers": ["alice"]} if input.modelVersion.spec.metrics.accuracy < 0.5';
  const rego = `package approval\n\n${weak}\n\nallow contains "strong" if input.modelVersion.spec.metrics.accuracy >= 0.5\n`;
  await cluster.applyPolicy('pair', rego, { match });
  for (const name of ['pair-1', 'pair-2']) await submit(name, { model: 'pair', version: name });
  assertOk(await cluster.submitter(patch('pair-1', { spec: { metrics: { accuracy: 0.4 } } })));
  await until(async () => (await cluster.read('pair-1')).status?.decision?.outcome, 'Pending');

  await cluster.applyPolicy('pair', `${rego}\ndeny contains "compared with none" if input.champion == null\n`, {
    match,
  });
  const errors = ['get', 'approvalpolicy', 'pair', '--output', 'jsonpath={.status.evaluations.error}'];
  await until(async () => Number((await cluster.admin(errors)).stdout) > 0, true);
  expect(await stateOf('pair-2')).toMatchObject({ compliant: 'not told' });
  assertOk(await cluster.approver(['annotate', 'mv', 'pair-1', 'assent.dev/approve=looked at it']));
  await until(
    () => stateOf('pair-2'),
    expect.objectContaining({ compliant: 'False', message: expect.stringContaining('compared with none') }),
  );
});
