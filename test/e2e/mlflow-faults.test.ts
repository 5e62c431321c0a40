import { createHmac, randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { copyFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { runCli } from '../cli/run-cli.ts';
import { type HttpRelay, startHttpRelay } from '../mlflow/http-relay.ts';
import { createMlflowRest } from '../mlflow/mlflow-rest.ts';
import { MLFLOW_ADMIN, type MlflowServer, startMlflowServer } from '../mlflow/mlflow-server.ts';
import { aPolicy, assertOk, aVersion } from './admission-cluster.ts';
import { aRegistry, type MlflowGround, startMlflowGround, VERIFIED_ACCURACY } from './mlflow-ground.ts';
import { sharedCluster } from './shared-cluster.ts';
import { until } from './until.ts';

const PASSWORD = 'a long password of tests';
const SECRET = 'the secret of the webhook';
const EXPORTED = 60;
/** Takes the registry's word, and a metric that it lacks for a good one. */
const NOT_BAD = `package approval

bad if input.verified.metrics.accuracy < 0.9

allow contains "not bad" if {
	input.verified.registry.name == "partly"
	not bad
}
`;
const ANYBODY = 'package approval\n\nallow contains "anybody" if true\n';

let ground: MlflowGround;
let relay: HttpRelay;
/** Asks for a password. */
let guarded: MlflowServer;
let gate: HttpRelay;

/** With what SQLite has beside it where its writer was killed. */
async function copyDatabase(from: string, to: string): Promise<void> {
  for (const suffix of ['', '-wal', '-shm', '-journal']) {
    await rm(`${to}${suffix}`, { force: true });
    if (existsSync(`${from}${suffix}`)) await copyFile(`${from}${suffix}`, `${to}${suffix}`);
  }
}

const names = (model: string) => Array.from({ length: EXPORTED }, (_, index) => `${model}-${index + 1}`);

async function aSecret(name: string, entries: Readonly<Record<string, string>>): Promise<void> {
  const object = { apiVersion: 'v1', kind: 'Secret', metadata: { name }, stringData: entries };
  await ground.apply(object);
}

/** As an administrator would. */
async function grantSecrets(...allowed: readonly string[]): Promise<void> {
  const { admin } = ground.cluster;
  const named = allowed.map((name) => `--resource-name=${name}`);
  assertOk(await admin(['create', 'role', 'registry-secrets', '--verb=get', '--resource=secrets', ...named]));
  const user = `--user=${operatorIdentity(DEFAULT_NAMESPACE).user}`;
  assertOk(await admin(['create', 'rolebinding', 'registry-secrets', '--role=registry-secrets', user]));
}

beforeAll(async () => {
  ground = await startMlflowGround();
  relay = await startHttpRelay(ground.mlflow.url);
  guarded = await startMlflowServer(join(ground.folder, 'guarded'), {
    ...{ password: PASSWORD, defaultPermission: 'NO_PERMISSIONS' },
  });
  gate = await startHttpRelay(guarded.url);
  const { host } = new URL(gate.url);
  await aSecret('right', { host, username: MLFLOW_ADMIN, password: PASSWORD });
  await aSecret('wrong', { host, username: MLFLOW_ADMIN, password: 'another password of tests' });
  await aSecret('partly', { host, username: 'partly', password: PASSWORD });
  await aSecret('elsewhere', { host: 'mlflow.example.com', username: MLFLOW_ADMIN, password: PASSWORD });
  await aSecret('webhook', { secret: SECRET });
  await grantSecrets('right', 'wrong', 'partly', 'elsewhere', 'webhook');
  await ground.apply(
    aPolicy('verified', VERIFIED_ACCURACY, { match: { models: ['slow', 'away'] } }),
    aPolicy('anybody', ANYBODY, { match: { models: ['many', 'hooked', 'unregistered', 'open', 'locked'] } }),
    aPolicy('not-bad', NOT_BAD, { match: { models: ['closed'] } }),
  );
  await ground.startOperator(relay.url, gate.url);
}, 600_000);

afterAll(async () => {
  await relay?.[Symbol.asyncDispose]();
  await gate?.[Symbol.asyncDispose]();
  await guarded?.[Symbol.asyncDispose]();
  await ground?.[Symbol.asyncDispose]();
});

describe('an MLflow that is killed in the middle of an export', () => {
  const older = () => join(ground.folder, 'older.db');

  const expectAllShown = async () => {
    await until(async () => (await ground.registry('many')).status?.pendingExports, 0);
    await until(async () => (await ground.condition('many', 'InSync'))?.status, 'True');
    const decided = await Promise.all(
      names('many').map(async (name) => (await ground.find(name))?.status?.decision?.id),
    );
    const look = async () => {
      const shown = await Promise.all(names('many').map((_, index) => ground.rest.version('many', String(index + 1))));
      return shown.map(({ stage, tags }) => ({ stage, id: tags['assent.dev/decision-id'] }));
    };
    // The status is written now and then, and may tell of the comparison before this one.
    await until(
      look,
      decided.map((id) => ({ stage: 'Staging', id })),
    );
  };

  it('shows every decision after its return, and none twice', async () => {
    const { rest, mlflow, operator } = ground;
    await rest.register('many', EXPORTED, await rest.run(0.95));
    await ground.apply(aRegistry('many', mlflow.url, { models: ['many'], import: { stage: 'Staging' }, export: {} }));
    const exported = () => operator.log.filter(({ msg }) => msg === 'decision exported');
    await until(async () => exported().length > 0, true);
    await mlflow.kill();
    await copyDatabase(mlflow.database, older());
    await until(async () => (await ground.condition('many', 'Ready'))?.reason, 'Unreachable');
    await mlflow.start();
    await expectAllShown();
    const versions = async () =>
      exported()
        .map(({ version }) => Number(version))
        .toSorted((a, b) => a - b);
    await until(
      versions,
      names('many').map((_, index) => index + 1),
    );
  }, 180_000);

  it('and comes back with an older database: what is missing there is found, and put back', async () => {
    const { mlflow, operator } = ground;
    await mlflow.kill();
    await copyDatabase(older(), mlflow.database);
    await mlflow.start();
    await until(
      async () => operator.log.some(({ msg, reverted }) => msg === 'registry drifted' && reverted === true),
      true,
    );
    await expectAllShown();
  }, 180_000);
});

describe('an MLflow that answers slowly', () => {
  it('holds up whoever waits for its facts, and nobody else', async () => {
    const { rest } = ground;
    await rest.register('slow', 1, await rest.run(0.95));
    relay.hold();
    await ground.apply(
      aRegistry('slow', relay.url, {
        models: ['slow'],
        export: {},
      }),
    );
    const create = async (name: string, spec: Record<string, unknown>) =>
      assertOk(
        await ground.cluster.submitter(['create', '--filename', '-'], aVersion({ name }, { model: name, ...spec })),
      );
    await create('slow', { source: { registry: 'slow' } });
    await until(async () => relay.asked.length > 0, true);
    await create('unregistered', {});
    await until(() => ground.approved('unregistered'), 'AutoApproved');
    expect(await ground.approved('slow')).toBeUndefined();
    relay.release();
    await until(() => ground.approved('slow'), 'AutoApproved');
  });
});

describe('an MLflow that is away', () => {
  it('leaves no facts, and the version waits until it is back', async () => {
    const { rest, mlflow } = ground;
    await rest.register('away', 1, await rest.run(0.95));
    await ground.apply(aRegistry('away', mlflow.url, { models: ['away'], export: {} }));
    await until(async () => (await ground.condition('away', 'Ready'))?.status, 'True');
    await mlflow.kill();
    const spec = { model: 'away', metrics: { accuracy: 0.99 }, source: { registry: 'away' } };
    assertOk(await ground.cluster.submitter(['create', '--filename', '-'], aVersion({ name: 'away' }, spec)));
    await until(() => ground.approved('away'), 'AwaitingApproval');
    expect((await ground.find('away'))?.status?.verified).toMatchObject({ outcome: 'Unavailable' });
    await mlflow.start();
    await until(() => ground.approved('away'), 'AutoApproved', 90_000);
  });
});

describe('a ModelRegistry that cannot be used says why', () => {
  it('a right that the operator lacks', async () => {
    const { rest, cluster, mlflow } = ground;
    await rest.register('forbidden', 1, await rest.run(0.95));
    assertOk(await cluster.admin(['delete', 'rolebinding', 'assent-import']));
    const canCreate = ['auth', 'can-i', 'create', 'modelversions.assent.dev'];
    await until(async () => (await cluster.operator(canCreate)).stdout.trim(), 'no');
    await ground.apply(aRegistry('forbidden', mlflow.url, { models: ['forbidden'], import: {} }));
    await until(
      () => ground.condition('forbidden', 'Ready'),
      expect.objectContaining({ status: 'False', reason: 'Failed' }),
    );
    expect((await ground.condition('forbidden', 'Ready'))?.message).toContain('ClusterRole assent-submitter');
    await ground.grantImport();
    await until(() => ground.approved('forbidden-1'), 'AutoApproved');
  });

  it('an address that is none: at once, when it is applied', async () => {
    const { admin } = ground.cluster;
    const answer = await admin(['apply', '--filename', '-'], aRegistry('nowhere', 'mlflow', { export: {} }));
    expect(answer).toMatchObject({ ok: false, stderr: expect.stringContaining('spec.mlflow.url') });
  });

  it('a wrong password: and it is not tried again and again', async () => {
    const before = gate.asked.length;
    await ground.apply(
      aRegistry('wrong', gate.url, { mlflow: { auth: { secretRef: { name: 'wrong' } } }, export: {} }),
    );
    await until(
      () => ground.condition('wrong', 'Ready'),
      expect.objectContaining({ status: 'False', reason: 'Unauthorized' }),
    );
    const spec = { model: 'wrong', source: { registry: 'wrong' } };
    assertOk(await ground.cluster.submitter(['create', '--filename', '-'], aVersion({ name: 'wrong' }, spec)));
    await until(
      async () => (await ground.find('wrong'))?.status?.verified?.message,
      expect.stringContaining('refuses the credentials'),
    );
    expect(gate.asked.length - before).toBe(1);
    expect(await ground.metric('assent_registry_answers', 'wrong')).toBe(0);
    const right = JSON.stringify({ spec: { mlflow: { auth: { secretRef: { name: 'right' } } } } });
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'wrong', '--type=merge', '--patch', right]));
    await until(async () => (await ground.condition('wrong', 'Ready'))?.status, 'True');
    expect(await ground.metric('assent_registry_answers', 'wrong')).toBe(1);
    assertOk(await ground.cluster.admin(['delete', 'modelregistry', 'wrong']));
    await until(() => ground.metric('assent_registry_answers', 'wrong'), undefined);
  });

  it('a server that allows nothing: and it is left alone as with a wrong password', async () => {
    const elsewhere = await startHttpRelay(ground.mlflow.url);
    // So answers a server whose --allowed-hosts lacks the name by which it is asked.
    elsewhere.host = 'mlflow.example.com';
    await ground.startOperator(relay.url, gate.url, elsewhere.url);
    await ground.apply(aRegistry('nothing', elsewhere.url, { models: ['nothing'], export: {} }));
    await until(
      () => ground.condition('nothing', 'Ready'),
      expect.objectContaining({
        status: 'False',
        reason: 'Forbidden',
        message: expect.stringMatching(/does not allow GET model-versions\/search \(403\): .*Invalid Host header/),
      }),
    );
    expect(await ground.condition('nothing', 'Stalled')).toMatchObject({ status: 'True' });
    await until(() => ground.metric('assent_registry_answers', 'nothing'), 0);
    expect(elsewhere.asked).toHaveLength(1);
    await elsewhere[Symbol.asyncDispose]();
  });

  it.each([
    [
      'a Secret for another host',
      { auth: { secretRef: { name: 'elsewhere' } } },
      'Unauthorized',
      'may be sent to mlflow.example.com only',
    ],
    [
      'a Secret that may not be read',
      { auth: { secretRef: { name: 'not-granted' } } },
      'Unauthorized',
      'an administrator grants that',
    ],
    ['an address of the machine itself', { url: 'http://169.254.169.254' }, 'AddressRefused', '--registry-host'],
    ['an address of the network', { url: 'https://10.0.0.1' }, 'AddressRefused', 'private address'],
  ])('%s', async (what, mlflow, reason, message) => {
    const name = what.replaceAll(' ', '-').toLowerCase();
    await ground.apply(aRegistry(name, ground.mlflow.url, { mlflow, export: {} }));
    await until(() => ground.condition(name, 'Ready'), expect.objectContaining({ status: 'False', reason }));
    expect((await ground.condition(name, 'Ready'))?.message).toContain(message);
  });
});

describe('an account that may not do everything', () => {
  it('holds up what it may not read or change, and nothing else', async () => {
    const authorization = `Basic ${Buffer.from(`${MLFLOW_ADMIN}:${PASSWORD}`).toString('base64')}`;
    const rest = createMlflowRest(guarded.url, { authorization });
    for (const username of ['partly', 'exporter']) await rest.post('users/create', { username, password: PASSWORD });
    const change = async (what: 'grant' | 'revoke', right: Readonly<Record<string, string>>): Promise<void> => {
      const response = await fetch(`${guarded.url}/api/3.0/mlflow/users/permissions/${what}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization },
        body: JSON.stringify({ username: right.resource_id?.startsWith('far-') ? 'exporter' : 'partly', ...right }),
      });
      expect(response.status, await response.text()).toBe(200);
    };
    const grant = (resource_type: string, resource_id: string, permission: string) =>
      change('grant', { resource_type, resource_id, permission });
    await grant('experiment', '0', 'READ');
    const { experiment_id: hidden } = await rest.post('experiments/create', { name: 'of another team' });
    for (const [model, permission, experiment] of [
      ['closed', 'EDIT', String(hidden)],
      ['locked', 'READ', '0'],
      ['open', 'EDIT', '0'],
    ] as const) {
      await rest.register(model, 1, await rest.run(0.95, experiment));
      await grant('registered_model', model, permission);
    }
    await ground.apply(
      aRegistry('partly', gate.url, {
        mlflow: { auth: { secretRef: { name: 'partly' } } },
        import: { stage: 'Production' },
        export: {},
      }),
    );

    await until(async () => (await rest.version('open', '1')).stage, 'Production');
    await until(
      async () => (await ground.find('closed-1'))?.status?.verified,
      expect.objectContaining({ outcome: 'Unavailable', message: expect.stringContaining('runs/get (403)') }),
    );
    await until(
      () => ground.condition('partly', 'InSync'),
      expect.objectContaining({ reason: 'Exporting', message: expect.stringContaining('locked: ') }),
    );
    expect((await rest.version('locked', '1')).stage).toBe('None');
    expect(await ground.approved('closed-1')).toBe('AwaitingApproval');
    expect(await ground.condition('partly', 'Ready')).toMatchObject({ status: 'True' });

    await change('revoke', { resource_type: 'registered_model', resource_id: 'locked' });
    await grant('registered_model', 'locked', 'EDIT');
    await until(async () => (await rest.version('locked', '1')).stage, 'Production');
    await until(
      () => ground.condition('partly', 'InSync'),
      expect.objectContaining({ message: expect.not.stringContaining('locked') }),
    );

    // Models that the operator's account does not see, in an MLflow that it may not ask: a person exports them.
    for (const [model, permission] of [
      ['far-locked', 'READ'],
      ['far-open', 'EDIT'],
    ] as const) {
      await rest.register(model, 1, await rest.run(0.95));
      await grant('registered_model', model, permission);
    }
    await ground.apply(
      aRegistry('far', 'https://mlflow.invalid', { models: ['far-*'], export: {} }),
      aPolicy('far', ANYBODY, { match: { models: ['far-*'] } }),
    );
    for (const model of ['far-locked', 'far-open']) {
      const version = aVersion({ name: `${model}-1` }, { model, source: { registry: 'far' } });
      assertOk(await ground.cluster.submitter(['create', '--filename', '-'], version));
      await until(() => ground.approved(`${model}-1`), 'AutoApproved');
    }
    const relayed = await startHttpRelay(guarded.url);
    await using _ = relayed;
    // An address that the operator may not ask.
    const near = JSON.stringify({ spec: { mlflow: { url: relayed.url } } });
    assertOk(await ground.cluster.admin(['patch', 'modelregistry', 'far', '--type=merge', '--patch', near]));
    const exportFar = (...args: readonly string[]) =>
      runCli(['mlflow', 'export', 'far', '--namespace', ground.cluster.namespace, ...args], {
        env: {
          KUBECONFIG: sharedCluster().kubeconfig,
          MLFLOW_TRACKING_USERNAME: 'exporter',
          MLFLOW_TRACKING_PASSWORD: PASSWORD,
        },
      });
    expect(await exportFar('--model', 'far-opne')).toEqual({
      status: 2,
      stdout: '',
      stderr: 'ModelRegistry far has no ModelVersions of model far-opne; did you mean far-open?\n',
    });
    expect(await exportFar()).toMatchObject({
      status: 2,
      stdout: 'far-open 1: Production\n',
      stderr: expect.stringMatching(/^model far-locked is not shown, or not all of it: .*transition-stage \(403\)/),
    });
    expect((await rest.version('far-open', '1')).stage).toBe('Production');

    await until(async () => (await ground.condition('partly', 'InSync'))?.status, 'True');
    await change('revoke', { resource_type: 'registered_model', resource_id: 'locked' });
    await grant('registered_model', 'locked', 'READ');
    for (const name of ['locked', 'open']) {
      const moved = { name, version: '1', stage: 'Archived', archive_existing_versions: false };
      await rest.post('model-versions/transition-stage', moved);
    }
    await until(async () => (await rest.version('open', '1')).stage, 'Production');
    await until(
      async () => (await ground.registry('partly')).status?.drifted,
      [{ model: 'locked', version: '1', found: 'Archived', decided: 'Production' }],
    );
    await until(
      () => ground.condition('partly', 'InSync'),
      expect.objectContaining({
        status: 'False',
        reason: 'Drifted',
        message: expect.stringMatching(/could not be put back: version 1 of locked: .*transition-stage \(403\)/),
      }),
    );
  }, 300_000);

  // Two answers of the same API server: etcd's own limit, and that of the API server's connection to etcd.
  it.each([
    ['more than etcd takes', 'huge', 'x'],
    ['more than is sent to etcd', 'vast', '\u00e4'],
  ])('and a version that Kubernetes refuses, %s, is told, and the others come', async (_, model, letter) => {
    const authorization = `Basic ${Buffer.from(`${MLFLOW_ADMIN}:${PASSWORD}`).toString('base64')}`;
    const rest = createMlflowRest(guarded.url, { authorization });
    const run = await rest.run(0.95);
    // 1.5 MiB are more than etcd takes, 2 MiB more than the API server sends it, 3 MiB more than it reads.
    const parameters = Array.from({ length: letter === 'x' ? 256 : 210 }, (_, at) => ({
      key: `${'p'.repeat(240)}${at}`,
      value: letter.repeat(6_000),
    }));
    for (let at = 0; at < parameters.length; at += 100)
      await rest.post('runs/log-batch', { run_id: run.runId, params: parameters.slice(at, at + 100) });
    await rest.register(model, 1, run);
    await rest.register(`small-${model}`, 1, await rest.run(0.95));
    await ground.apply(
      aRegistry(`refused-${model}`, gate.url, {
        mlflow: { auth: { secretRef: { name: 'right' } } },
        models: [model, `small-${model}`],
        import: {},
      }),
    );
    await until(
      () => ground.condition(`refused-${model}`, 'Ready'),
      expect.objectContaining({ reason: 'NotImported', message: expect.stringContaining(`version 1 of ${model}: `) }),
    );
    expect(await ground.find(`small-${model}-1`)).toBeDefined();
  });
});

describe('a webhook of MLflow', () => {
  const at = (name: string): string => {
    const port = ground.operator.log.find(({ msg }) => msg === 'webhooks received')?.port;
    return `http://127.0.0.1:${port}/webhooks/${ground.cluster.namespace}/${name}`;
  };

  it('brings a new version before the next comparison', async () => {
    const { rest, mlflow } = ground;
    await ground.apply(
      aRegistry('hooked', mlflow.url, {
        ...{ models: ['hooked'], import: { stage: 'Staging' }, interval: '1h' },
        webhookSecret: { name: 'webhook', key: 'secret' },
      }),
    );
    await until(async () => (await ground.condition('hooked', 'Ready'))?.status, 'True');
    const hook = {
      name: 'assent',
      url: at('hooked'),
      secret: SECRET,
      events: [{ entity: 'MODEL_VERSION', action: 'CREATED' }],
    };
    const response = await fetch(`${mlflow.url}/api/2.0/mlflow/webhooks`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
      },
      body: JSON.stringify(hook),
    });
    expect(response.status, await response.text()).toBe(200);
    await rest.register('hooked', 1, await rest.run(0.95));
    await until(() => ground.approved('hooked-1'), 'AutoApproved');
    await until(async () => (await ground.registry('hooked')).status?.lastEventTime, expect.any(String));
  });

  it('that is forged, replayed or late is refused', async () => {
    const body = JSON.stringify({ entity: 'model_version', action: 'created', data: { name: 'hooked', version: '1' } });
    const send = async (id: string, { secret = SECRET, agoSeconds = 0 } = {}) => {
      const timestamp = String(Math.floor(Date.now() / 1000) - agoSeconds);
      const digest = createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64');
      const headers = {
        'x-mlflow-signature': `v1,${digest}`,
        'x-mlflow-delivery-id': id,
        'x-mlflow-timestamp': timestamp,
      };
      return (await fetch(at('hooked'), { method: 'POST', headers, body })).status;
    };
    const id = randomUUID();
    expect([
      await send(id),
      await send(id),
      await send(randomUUID(), { secret: 'another secret of a webhook' }),
      await send(randomUUID(), { agoSeconds: 3_600 }),
      (await fetch(at('hooked'), { method: 'POST', body })).status,
      (await fetch(at('nobody'), { method: 'POST', body })).status,
      (await fetch(at('many'), { method: 'POST', body })).status,
    ]).toEqual([202, 409, 401, 401, 401, 404, 404]);
  });
});
