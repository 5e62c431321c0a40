import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { runCli } from '../cli/run-cli.ts';
import { runPython } from '../mlflow/run-python.ts';
import { aPolicy, assertOk, aVersion } from './admission-cluster.ts';
import { aRegistry, type MlflowGround, startMlflowGround, VERIFIED_ACCURACY } from './mlflow-ground.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

let ground: MlflowGround;

async function register(...args: readonly string[]): Promise<void> {
  const { python, url } = ground.mlflow;
  expect(await runPython(python, 'register.py', { url, args })).toMatchObject({ status: 0 });
}

async function shown(model: string, version: string) {
  const { stage, aliases } = await ground.rest.version(model, version);
  return { stage, aliases };
}

beforeAll(async () => {
  ground = await startMlflowGround();
  const { url } = ground.mlflow;
  await ground.apply(
    aPolicy('accuracy', VERIFIED_ACCURACY, { match: { models: ['fraud*', 'claims'] } }),
    aRegistry('mlflow', url, { models: ['fraud*', 'claims'], import: { stage: 'Production' }, export: {} }),
  );
  await ground.startOperator();
}, 600_000);

afterAll(async () => {
  await ground?.[Symbol.asyncDispose]();
});

describe('a version that a training job registers', () => {
  it('is approved by what its run says, and MLflow shows it', async () => {
    await register('fraud', '0.93', 'domain=cards', '--', 'fraud', '0.85');
    await until(() => ground.approved('fraud-1'), 'AutoApproved');
    await until(() => shown('fraud', '1'), { stage: 'Production', aliases: ['champion'] });
    const version = await ground.find('fraud-1');
    expect(version).toMatchObject({
      metadata: { labels: { domain: 'cards', 'assent.dev/registry': 'mlflow' } },
      spec: { metrics: { accuracy: 0.93 }, parameters: { max_depth: '6' }, source: { registry: 'mlflow' } },
      status: { stage: 'Production', verified: { outcome: 'Read', metrics: { accuracy: 0.93 } } },
    });
    await until(async () => (await ground.rest.version('fraud', '1')).tags, {
      domain: 'cards',
      'assent.dev/decision': 'Approved',
      'assent.dev/reason': 'accurate',
      'assent.dev/decided-by': 'ApprovalPolicy/accuracy',
      'assent.dev/decision-id': version?.status?.decision?.id,
    });
  });

  it('is explained by what the operator read of its run', async () => {
    const flags = ['-n', ground.cluster.namespace, '--kubeconfig', sharedCluster().kubeconfig];
    const { stdout, stderr } = await runCli(['policy', 'explain', 'fraud-1', ...flags, '-o', 'json']);
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toMatchObject({
      outcome: 'Approved',
      policies: [{ policy: 'ApprovalPolicy/accuracy', outcome: 'allow', reasons: ['accurate'] }],
    });
  });

  it('waits for a person below the threshold, and MLflow shows what the person decided', async () => {
    await until(() => ground.approved('fraud-2'), 'AwaitingApproval');
    expect(await shown('fraud', '2')).toEqual({ stage: 'None', aliases: [] });
    const reason = 'assent.dev/approve=checked the errors by hand';
    assertOk(await ground.cluster.approver(['annotate', 'modelversion', 'fraud-2', reason]));
    await until(() => shown('fraud', '2'), { stage: 'Production', aliases: ['champion'] });
    expect(await shown('fraud', '1')).toEqual({ stage: 'Production', aliases: [] });
    await until(async () => (await ground.rest.version('fraud', '2')).tags['assent.dev/decided-by'], 'alice');
  });

  it('asks for the stage of its tag, and for another when the tag changes', async () => {
    await register('fraud-tagged', '0.95', 'assent.dev/stage=staging');
    await until(() => shown('fraud-tagged', '1'), { stage: 'Staging', aliases: [] });
    const tag = { name: 'fraud-tagged', version: '1', key: 'assent.dev/stage', value: 'Production' };
    await ground.rest.post('model-versions/set-tag', tag);
    await until(() => shown('fraud-tagged', '1'), { stage: 'Production', aliases: ['champion'] });
  });
});

describe('a claim', () => {
  it('that differs from the run is shown on the object, and decides nothing', async () => {
    await register('claims', '0.7');
    await until(() => ground.approved('claims-1'), 'AwaitingApproval');
    const claim = JSON.stringify({ spec: { metrics: { accuracy: 0.99 } } });
    assertOk(await ground.cluster.submitter(['patch', 'modelversion', 'claims-1', '--type=merge', '--patch', claim]));
    await until(
      async () => (await ground.find('claims-1'))?.status?.verified?.differences,
      ['metrics.accuracy is 0.99, and the run says 0.7'],
    );
    expect(await ground.approved('claims-1')).toBe('AwaitingApproval');
  });

  it('of another run than the registry has counts for nothing', async () => {
    const good = await ground.rest.run(0.99);
    const bad = await ground.rest.run(0.5);
    await ground.rest.register('fraud-forged', 1, bad);
    await until(() => ground.approved('fraud-forged-1'), 'AwaitingApproval');
    const spec = { model: 'fraud-forged', version: '1', source: { registry: 'mlflow', runId: good.runId } };
    assertOk(await ground.cluster.submitter(['create', '--filename', '-'], aVersion({ name: 'second-word' }, spec)));
    await until(async () => (await ground.find('second-word'))?.status?.verified?.metrics, { accuracy: 0.5 });
    expect(await ground.approved('second-word')).toBe('AwaitingApproval');
  });
});

describe('a stage that somebody moves in MLflow itself', () => {
  const move = (stage: string) =>
    ground.rest.post('model-versions/transition-stage', {
      name: 'fraud',
      version: '1',
      stage,
      archive_existing_versions: false,
    });

  it('is put back within an interval, and told', async () => {
    await move('Archived');
    await until(async () => (await shown('fraud', '1')).stage, 'Production');
    await until(
      async () => ground.operator.log.some(({ msg, found }) => msg === 'registry drifted' && found === 'Archived'),
      true,
    );
    await until(async () => (await ground.condition('mlflow', 'InSync'))?.status, 'True');
    await until(
      async () => (await ground.cluster.admin(['get', 'events'])).stdout,
      expect.stringContaining('RegistryDrifted'),
    );
  });

  it('is told alone where the registry says so', async () => {
    const spec = JSON.stringify({ spec: { onDrift: 'Report' } });
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'mlflow', '--type=merge', '--patch', spec]));
    await move('Archived');
    await until(
      async () => (await ground.registry('mlflow')).status?.drifted,
      [{ model: 'fraud', version: '1', found: 'Archived', decided: 'Production' }],
    );
    expect(await ground.condition('mlflow', 'InSync')).toMatchObject({ status: 'False', reason: 'Drifted' });
    await until(() => ground.metric('assent_registry_drifted', 'mlflow'), 1);
    expect(await ground.metric('assent_registry_exports_total', 'mlflow')).toBeGreaterThan(0);
    expect(await ground.metric('assent_registry_versions', 'mlflow')).toBeGreaterThan(1);
  });

  it('is asked for where the registry accepts it: the policies decide about it', async () => {
    const spec = JSON.stringify({ spec: { onDrift: 'Accept' } });
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'mlflow', '--type=merge', '--patch', spec]));
    await until(async () => (await ground.find('fraud-1'))?.status?.stage, 'Archived');
    expect((await ground.find('fraud-1'))?.spec.stage).toBe('Archived');
    await until(async () => (await ground.condition('mlflow', 'InSync'))?.status, 'True');
    expect((await shown('fraud', '1')).stage).toBe('Archived');
  });

  it('is found when the alias is moved to another version', async () => {
    const back = JSON.stringify({ spec: { onDrift: 'Revert' } });
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'mlflow', '--type=merge', '--patch', back]));
    await ground.rest.post('registered-models/alias', { name: 'fraud', alias: 'champion', version: '1' });
    await until(() => shown('fraud', '2'), { stage: 'Production', aliases: ['champion'] });
  });
});

describe('assent mlflow', () => {
  const assent = (...args: readonly string[]) =>
    runCli(['mlflow', ...args, '--namespace', ground.cluster.namespace, '--kubeconfig', sharedCluster().kubeconfig]);

  it('diff tells where the two do not agree, and changes nothing', async () => {
    await ground.apply(aRegistry('shelf', ground.mlflow.url, { models: ['shelf'], export: {}, interval: '1h' }));
    await ground.rest.register('shelf', 1, await ground.rest.run(0.95));
    const run = await assent('diff', 'shelf');
    expect(run).toMatchObject({ status: 1, stderr: expect.stringContaining('1 versions differ') });
    expect(run.stdout).toBe(
      'MODEL   VERSION   DIFFERENCE     IN MLFLOW   DECIDED\nshelf   1         not-imported   None        None\n',
    );
    const json = await assent('diff', 'mlflow', '-o', 'json');
    expect({ ...json, stdout: JSON.parse(json.stdout) }).toMatchObject({ status: 0, stdout: [] });
  });

  it('import prints what is missing, and creates it where that is asked for', async () => {
    const printed = await assent('import', 'shelf');
    expect(parse(printed.stdout)).toMatchObject({
      kind: 'ModelVersion',
      metadata: { name: 'shelf-1' },
      spec: { model: 'shelf', stage: 'None', metrics: { accuracy: 0.95 } },
    });
    expect(await ground.find('shelf-1')).toBeUndefined();
    expect(await assent('import', 'shelf', '--apply')).toMatchObject({
      status: 0,
      stdout: 'modelversion/shelf-1 created\n',
    });
    expect(await assent('import', 'shelf')).toMatchObject({ status: 0, stdout: '' });
  });

  it('sync has the operator compare now, and tells what it found', async () => {
    await ground.rest.post('model-versions/set-tag', { name: 'shelf', version: '1', key: 'a', value: 'b' });
    const run = await assent('sync', 'shelf');
    expect(run).toMatchObject({
      status: 0,
      stdout: expect.stringMatching(/^shelf: 1 versions, 1 imported, 0 decisions/),
    });
  });

  it('export shows decisions in MLflow, for an MLflow that the operator does not reach', async () => {
    await ground.apply(
      aRegistry('far', 'https://mlflow.invalid', { models: ['far'], export: {} }),
      aPolicy('anybody', 'package approval\n\nallow contains "anybody" if true\n', { match: { models: ['far'] } }),
    );
    await ground.rest.register('far', 1, await ground.rest.run(0.95));
    const spec = { model: 'far', source: { registry: 'far' } };
    assertOk(await ground.cluster.submitter(['create', '--filename', '-'], aVersion({ name: 'far-1' }, spec)));
    await until(() => ground.approved('far-1'), 'AutoApproved');
    const near = JSON.stringify({ spec: { mlflow: { url: ground.mlflow.url } } });
    await ground.operator.kill();
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'far', '--type=merge', '--patch', near]));
    expect(await assent('export', 'far')).toMatchObject({ status: 0, stdout: 'far 1: Production\n' });
    expect(await shown('far', '1')).toEqual({ stage: 'Production', aliases: ['champion'] });
  });
});
