// The operator serves Tekton's CustomRuns, by the CRD that Tekton publishes.
import { randomBytes } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { buildApprovalTasksManifests, DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION } from '../../src/api/index.ts';
import { ensureTektonConfig, kubeconfigFor } from '../../src/dev/index.ts';
import { type AdmissionCluster, assertOk, installAdmission } from './admission-cluster.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const POLICY = `package approval

allow contains "accurate enough" if input.modelVersion.spec.metrics.accuracy > 0.9

require contains {"reason": "not accurate enough"} if not input.modelVersion.spec.metrics.accuracy > 0.9

deny contains "cursed" if input.modelVersion.spec.metrics.accuracy == 0
`;

let cluster: AdmissionCluster;
let operator: OperatorProcess;
let restart: () => Promise<OperatorProcess>;

beforeAll(async () => {
  cluster = await installAdmission();
  const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
  await applyPolicy('accuracy', { match: { models: ['m-*'] } });
  await applyPolicy('duties', { match: { models: ['separate-*'] }, separationOfDuties: true });
  restart = () => startOperatorProcess(kubeconfig, { args: ['--namespaces', cluster.namespace] });
  operator = await restart();
  const crd = parse(await readFile(join(await ensureTektonConfig(), '300-crds', '300-customrun.yaml'), 'utf8'));
  const apply = ['apply', '--server-side', '--force-conflicts', '--filename', '-'];
  const items = [crd, ...buildApprovalTasksManifests()];
  assertOk(await cluster.admin(apply, { apiVersion: 'v1', kind: 'List', items }));
  assertOk(await cluster.admin(['wait', '--for=condition=Established', 'crd/customruns.tekton.dev', '--timeout=60s']));
  await until(async () => operator.log.some(({ served }) => served === true), true);
});

afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  // The cluster is the other tests' too: what the operator may do here, it may not there.
  const items = buildApprovalTasksManifests();
  const list = { apiVersion: 'v1', kind: 'List', items };
  const removed = await cluster?.admin(['delete', '--ignore-not-found', '--filename', '-'], list);
  if (removed) assertOk(removed);
});

const applyPolicy = (name: string, spec: Record<string, unknown>): Promise<void> =>
  cluster.applyPolicy(name, POLICY, { approvers: ['alice'], ...spec });

const unique = (prefix: string) => `${prefix}-${randomBytes(4).toString('hex')}`;

/** Starts a run that asks for a version of its own; its name is the run's too. */
async function start(params: Record<string, unknown> = {}, spec: Record<string, unknown> = {}): Promise<string> {
  const model = String(params.model ?? unique('m'));
  const name = `${model}-1`;
  const given = { model, version: '1', metrics: '{"accuracy": 0.85}', ...params };
  const run = {
    apiVersion: 'tekton.dev/v1beta1',
    kind: 'CustomRun',
    metadata: { name: spec.name ?? name },
    spec: {
      customRef: { apiVersion: API_VERSION, kind: 'Approval' },
      params: Object.entries(given).map(([param, value]) => ({ name: param, value })),
      ...spec,
    },
  };
  assertOk(await cluster.admin(['create', '--filename', '-'], run));
  return name;
}

async function read(name: string) {
  const { stdout } = assertOk(await cluster.admin(['get', 'customrun', name, '--output', 'json']));
  const { status = {}, metadata } = JSON.parse(stdout);
  const { status: succeeded, reason, message } = status.conditions?.[0] ?? {};
  const results = (status.results ?? []).map((result: { name: string; value: string }) => [result.name, result.value]);
  return { succeeded, reason, message, results: Object.fromEntries(results), status, metadata };
}

const ended = (succeeded: string, reason: string, more: Record<string, unknown> = {}) =>
  expect.objectContaining({ succeeded, reason, ...more });

const waits = ended('Unknown', 'Running', { message: expect.stringContaining('waits for 1 approval by alice') });

const annotate = async (name: string, verdict: string) =>
  assertOk(await cluster.approver(['annotate', 'mv', name, `assent.dev/${verdict}=looked at it`]));

describe('a CustomRun of the kind Approval', () => {
  it('succeeds at once where the policy allows, with times and results', async () => {
    const name = await start({ metrics: { accuracy: '0.93' } });
    const { status, metadata } = await until(() => read(name), ended('True', 'AutoApproved'));
    expect(
      Object.fromEntries(status.results.map((result: { name: string; value: string }) => [result.name, result.value])),
    ).toEqual({
      decision: 'approved',
      stage: 'Production',
      approvedBy: '',
      reason: 'accurate enough',
      modelVersion: name,
    });
    expect(status).toMatchObject({
      startTime: expect.any(String),
      completionTime: expect.any(String),
      observedGeneration: metadata.generation,
      extraFields: { modelVersion: name, generation: 1 },
    });
  });

  it('waits for the person whom the policy names, says so, and tells who approved', async () => {
    const name = await start();
    await until(() => read(name), waits);
    expect((await read(name)).status.completionTime).toBeUndefined();
    await annotate(name, 'approve');
    await until(() => read(name), ended('True', 'ManuallyApproved'));
    expect((await read(name)).results).toMatchObject({ decision: 'approved', approvedBy: 'alice' });
  });

  it('fails where a person rejects', async () => {
    const name = await start({ approvers: 'alice, group:ml-leads' });
    await until(() => read(name), ended('Unknown', 'Running', { message: expect.stringContaining('group:ml-leads') }));
    await annotate(name, 'reject');
    await until(() => read(name), ended('False', 'RejectedByApprover', { message: 'alice: looked at it' }));
    expect((await read(name)).results).toMatchObject({ decision: 'rejected', stage: 'Archived' });
  });

  it('that goes on after a rejection succeeds, and its result says that it was one', async () => {
    const name = await start({ metrics: '{"accuracy": 0}', 'on-reject': 'continue' });
    await until(() => read(name), ended('True', 'PolicyDenied'));
    expect((await read(name)).results).toMatchObject({ decision: 'rejected' });
  });

  it.each([
    [{ approvers: { name: 'bob' } }, {}, 'InvalidParameters', "write approvers: ['bob']"],
    [{ stage: 'Rejected' }, {}, 'InvalidParameters', 'parameter stage: is Staging or Production'],
    [{}, { workspaces: [{ name: 'w', emptyDir: {} }] }, 'CustomRunWorkspaceNotSupported', 'leave out workspaces'],
    [{}, { customRef: { apiVersion: API_VERSION, kind: 'Approval', name: 'x' } }, 'InvalidSpec', 'without a name'],
    [{}, { timeout: 'soon' }, 'InvalidSpec', 'a duration reads like'],
  ])('fails with the fix where it is wrong: %j %j', async (params, spec, reason, message) => {
    const name = await start(params, spec);
    await until(() => read(name), ended('False', reason, { message: expect.stringContaining(message) }));
    expect((await cluster.admin(['get', 'mv', name])).ok).toBe(false);
  });

  it('does not take another model of that name for its own', async () => {
    const name = await cluster.submit();
    const run = await start({ 'model-version': name });
    await until(() => read(run), ended('False', 'OtherVersion', { message: expect.stringContaining('model-version') }));
  });

  it('is cancelled at once', async () => {
    const name = await start();
    await until(() => read(name), waits);
    const patch = JSON.stringify({ spec: { status: 'RunCancelled', statusMessage: 'the PipelineRun was cancelled' } });
    assertOk(await cluster.admin(['patch', 'customrun', name, '--type', 'merge', '--patch', patch]));
    const { status } = await until(() => read(name), ended('False', 'CustomRunCancelled'));
    expect(status.conditions).toMatchObject([{ message: 'the PipelineRun was cancelled' }]);
  });

  it('ends when its time is over, after as many tries as it has', async () => {
    const name = await start({}, { timeout: '2s', retries: 1 });
    const { status } = await until(() => read(name), ended('False', 'CustomRunTimedOut'));
    expect(status.retriesStatus).toMatchObject([
      { conditions: [{ status: 'False', reason: 'CustomRunTimedOut' }], completionTime: expect.any(String) },
    ]);
    expect(status.conditions).toMatchObject([{ message: expect.stringContaining('no decision within 2s: waits for') }]);
  });

  it('fails where the spec is changed while it waits: an approval would be of something else', async () => {
    const name = await start();
    await until(() => read(name), waits);
    const change = JSON.stringify({ spec: { metrics: { accuracy: 0.89 } } });
    assertOk(await cluster.submitter(['patch', 'mv', name, '--type', 'merge', '--patch', change]));
    await until(() => read(name), ended('False', 'Changed'));
  });

  it('fails where the version is deleted', async () => {
    const name = await start();
    await until(() => read(name), waits);
    assertOk(await cluster.admin(['delete', 'mv', name]));
    await until(() => read(name), ended('False', 'Deleted'));
  });

  it('is still waiting after a restart of the operator, and then right', async () => {
    const name = await start();
    await until(() => read(name), waits);
    await operator.kill();
    await annotate(name, 'approve');
    expect(await read(name)).toEqual(waits);
    operator = await restart();
    await until(() => read(name), ended('True', 'ManuallyApproved'));
  });

  it('finds the decision that was made, and changes nothing', async () => {
    const first = await start({ metrics: '{"accuracy": 0.95}' });
    await until(() => read(first), ended('True', 'AutoApproved'));
    const { metadata } = await cluster.read(first);
    const again = unique('again');
    const model = first.slice(0, -2);
    const run = { model, version: '1', metrics: '{"accuracy": 0.95}' };
    const params = Object.entries(run).map(([name, value]) => ({ name, value }));
    const customRef = { apiVersion: API_VERSION, kind: 'Approval' };
    const object = {
      apiVersion: 'tekton.dev/v1beta1',
      kind: 'CustomRun',
      metadata: { name: again },
      spec: { customRef, params },
    };
    assertOk(await cluster.admin(['create', '--filename', '-'], object));
    await until(() => read(again), ended('True', 'AutoApproved'));
    expect((await cluster.read(first)).metadata.resourceVersion).toBe(metadata.resourceVersion);
  });
});

describe('who starts a CustomRun', () => {
  it('does not thereby become somebody else who approves: separate duties accept no version that the operator submitted', async () => {
    const name = await start({ model: unique('separate') });
    await until(() => read(name), waits);
    await annotate(name, 'approve');
    const approvals = async () => (await cluster.read(name)).status?.approvals;
    await until(approvals, [expect.objectContaining({ user: 'alice', counted: false })]);
    expect(await approvals()).toMatchObject([
      { message: expect.stringContaining('submitted this version for somebody') },
    ]);
    expect(await read(name)).toEqual(waits);
  });

  it('gets an answer under separate duties where a person submitted the version: the run leaves it as it is', async () => {
    const model = unique('separate');
    const spec = { model, version: '1', stage: 'Production', metrics: { accuracy: 0.85 } };
    const version = { apiVersion: API_VERSION, kind: 'ModelVersion', metadata: { name: `${model}-1` }, spec };
    assertOk(await cluster.submitter(['create', '--filename', '-'], version));
    const name = await start({ model });
    await until(() => read(name), waits);
    await annotate(name, 'approve');
    await until(() => read(name), ended('True', 'ManuallyApproved'));
  });

  it('is told by an Event on the version', async () => {
    const name = await start();
    await until(() => read(name), waits);
    const { stdout } = assertOk(await cluster.admin(['get', 'events', '--output', 'json']));
    const notes = JSON.parse(stdout)
      .items.filter(({ reason }: { reason: string }) => reason === 'AskedByCustomRun')
      .filter(({ involvedObject }: { involvedObject: { name: string } }) => involvedObject.name === name)
      .map(({ message }: { message: string }) => message);
    expect(notes).toEqual([expect.stringContaining(`CustomRun ${name} (`)]);
  });
});

it('leaves the CustomRuns of others alone, and warns of nothing while all is well', async () => {
  const name = await start({}, { customRef: { apiVersion: 'example.dev/v1', kind: 'Approval' } });
  const later = await start({ metrics: '{"accuracy": 0.95}' });
  await until(() => read(later), ended('True', 'AutoApproved'));
  expect((await read(name)).status).toEqual({});
  expect(operator.log.filter(({ resource }) => resource === 'customruns')).toEqual([]);
});
