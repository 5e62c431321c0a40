import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { aPolicy } from './admission-cluster.ts';
import { type GatewayGround, startGatewayGround } from './gateway-ground.ts';
import { startGatewayProcess } from './gateway-process.ts';
import { aRegistry } from './mlflow-ground.ts';
import { until } from './until.ts';

const RULES = `package approval

accuracy := input.modelVersion.spec.metrics.accuracy

allow contains "accurate" if accuracy > 0.9

require contains {"reason": "not accurate enough"} if accuracy <= 0.9

deny contains "worse than chance" if accuracy < 0.5
`;
const SERVED = { status: 403, code: 'PERMISSION_DENIED', message: expect.stringContaining('while it is served') };

let scene: GatewayGround;
const shown = async (model: string, version: string) => (await scene.ground.rest.version(model, version)).stage;
const stampOf = async (name: string) =>
  JSON.parse((await scene.ground.find(name))?.metadata.annotations?.[ANNOTATIONS.submittedBy] ?? '');

beforeAll(async () => {
  scene = await startGatewayGround();
  await scene.ground.apply(
    aPolicy('accuracy', RULES, { match: { models: ['*'] } }),
    // It exports an alias of another name than the gateway guards by itself.
    aRegistry('mlflow', scene.ground.mlflow.url, { models: ['none'], export: { aliases: { Staging: 'challenger' } } }),
  );
  await Promise.all(['alice', 'ben', 'carol'].map(scene.user));
});
afterAll(() => scene?.[Symbol.asyncDispose]());

test("a learner's five tasks run through the gateway", async () => {
  await scene.register('MyModel', 0.95, 0.6, 0.92);
  expect(await scene.python('five_tasks.py')).toEqual({
    approved: ['1'],
    refused: { code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('write stage="Archived"') },
    map: { 1: 'Production', 2: 'Archived', 3: 'Staging' },
    staging: ['3'],
  });
});

test('the same client program sees the same with the gateway and without', async () => {
  const servers = [scene.ground.mlflow.url, scene.gateway.url];
  const seen = await scene.python('client_program.py', servers);
  const [direct, through] = Array.isArray(seen) ? seen : [];
  expect(direct).toMatchObject({ 'same bytes': true, missing: 'RESOURCE_DOES_NOT_EXIST', status: 'FINISHED' });
  expect(through).toEqual(direct);
});

describe('a transition', () => {
  test('that waits says for whom, and succeeds when it is repeated after the approval', async () => {
    await scene.register('waiting', 0.85);
    await Promise.all(['alice', 'ben'].map((user) => scene.allow(user, 'waiting')));
    const { namespace, approver } = scene.ground.cluster;
    const waits = await scene.transition('waiting', '1', 'Production', { user: 'alice' });
    expect(waits).toMatchObject({ status: 403, code: 'PERMISSION_DENIED' });
    expect(waits.message).toContain('not accurate enough');
    expect(waits.message).toContain('waits for 1 approval by anyone who may `approve` modelversions');
    expect(waits.message).toContain(`kubectl get mv waiting-1 -n ${namespace}`);
    expect(await shown('waiting', '1')).toBe('None');
    const generation = (await scene.ground.find('waiting-1'))?.metadata.generation;
    // Nothing new is asked for: what is approved now is what was asked before.
    expect(await scene.transition('waiting', '1', 'pRODUCTION', { user: 'ben' })).toMatchObject({ status: 403 });
    expect((await approver(['annotate', 'mv', 'waiting-1', `${ANNOTATIONS.approve}=good enough`])).ok).toBe(true);
    await until(() => scene.ground.approved('waiting-1'), 'ManuallyApproved');
    expect(await scene.transition('waiting', '1', 'Production', { user: 'alice' })).toMatchObject({
      status: 200,
      body: { model_version: { name: 'waiting', version: '1', current_stage: 'Production' } },
    });
    expect((await scene.ground.find('waiting-1'))?.metadata.generation).toBe(generation);
    expect(await stampOf('waiting-1')).toEqual({ user: 'mlflow:alice', groups: ['mlflow:users'], generation });
  });

  test('that is denied says why', async () => {
    await scene.register('bad', 0.3);
    const denied = await scene.transition('bad', '1', 'Production');
    expect(denied).toMatchObject({ status: 403, code: 'PERMISSION_DENIED' });
    expect(denied.message).toContain('worse than chance');
    expect(await shown('bad', '1')).toBe('None');
  });

  test('archives what the stage held before where it is asked to', async () => {
    await scene.register('two', 0.95, 0.96);
    await scene.transition('two', '1', 'Production');
    const body = { name: 'two', version: '2', stage: 'Production', archive_existing_versions: true };
    expect(await scene.call('POST', 'model-versions/transition-stage', body)).toMatchObject({ status: 200 });
    expect([await shown('two', '1'), await shown('two', '2')]).toEqual(['Archived', 'Production']);
    await until(async () => (await scene.ground.find('two-1'))?.status?.stage, 'Archived');
    // What was archived so may be asked for again.
    expect(await scene.transition('two', '1', 'Production')).toMatchObject({ status: 200 });
  });

  test('out of Production is decided as well', async () => {
    await scene.register('leaving', 0.85);
    await scene.transition('leaving', '1', 'Production');
    await scene.ground.cluster.approver(['annotate', 'mv', 'leaving-1', `${ANNOTATIONS.approve}=fine`]);
    await until(() => scene.ground.approved('leaving-1'), 'ManuallyApproved');
    await scene.transition('leaving', '1', 'Production');
    expect(await scene.transition('leaving', '1', 'Archived')).toMatchObject({ status: 403 });
    expect(await shown('leaving', '1')).toBe('Production');
  });

  test('of a version that is not there is answered by MLflow itself', async () => {
    expect(await scene.transition('nowhere', '1', 'Production')).toMatchObject({ code: 'RESOURCE_DOES_NOT_EXIST' });
  });

  test('with a wrong password is refused by MLflow itself, and asks for nothing', async () => {
    await scene.register('locked', 0.95);
    expect(await scene.transition('locked', '1', 'Production', { password: 'wrong' })).toMatchObject({ status: 401 });
    expect(await scene.ground.find('locked-1')).toBeUndefined();
  });

  test('by whoever may only read the version in MLflow asks for nothing', async () => {
    await scene.register('private', 0.95);
    const user = 'carol';
    const read = await scene.call('GET', 'model-versions/get?name=private&version=1', undefined, { user });
    expect(read.status).toBe(200);
    expect(await scene.transition('private', '1', 'Production', { user })).toMatchObject({ status: 403 });
    expect(await scene.ground.find('private-1')).toBeUndefined();
    await scene.allow(user, 'private');
    expect(await scene.transition('private', '1', 'Production', { user })).toMatchObject({ status: 200 });
  });
});

describe('a guarded alias', () => {
  test.each([
    ['champion', 'Production'],
    ['challenger', 'Staging'],
  ])('%s is set once %s is approved, and not taken away', async (alias, stage) => {
    const name = `alias-${alias}`;
    await scene.register(name, 0.85, 0.95);
    const set = (version: string) => scene.call('POST', 'registered-models/alias', { name, alias, version });
    expect(await set('1')).toMatchObject({ status: 403, message: expect.stringContaining('not accurate enough') });
    expect(await set('2')).toMatchObject({ status: 200 });
    expect((await scene.ground.find(`${name}-2`))?.status?.stage).toBe(stage);
    expect(await scene.call('DELETE', 'registered-models/alias', { name, alias })).toMatchObject({ status: 403 });
  });

  test('is another thing than an alias of no meaning', async () => {
    await scene.register('free', 0.1);
    const alias = { name: 'free', alias: 'candidate' };
    expect(await scene.call('POST', 'registered-models/alias', { ...alias, version: '1' })).toMatchObject({
      status: 200,
    });
    expect(await scene.call('DELETE', 'registered-models/alias', alias)).toMatchObject({ status: 200 });
  });
});

test('what is served is not deleted and not renamed, and what is not is', async () => {
  await scene.register('kept', 0.95, 0.8);
  const one = { name: 'kept', version: '1' };
  await scene.transition('kept', '1', 'Production');
  expect(await scene.call('DELETE', 'model-versions/delete', one)).toMatchObject(SERVED);
  expect(await scene.call('DELETE', 'registered-models/delete', { name: 'kept' })).toMatchObject(SERVED);
  const rename = { name: 'kept', new_name: 'other' };
  expect(await scene.call('POST', 'registered-models/rename', rename)).toMatchObject(SERVED);
  expect(await scene.call('DELETE', 'model-versions/delete', { ...one, version: '2' })).toMatchObject({ status: 200 });
  expect(await scene.transition('kept', '1', 'Archived')).toMatchObject({ status: 200 });
  expect(await scene.call('DELETE', 'model-versions/delete', one)).toMatchObject({ status: 200 });
  expect(await scene.call('DELETE', 'registered-models/delete', { name: 'kept' })).toMatchObject({ status: 200 });
});

test.each(['decision', 'reason', 'decided-by', 'decision-id'])('nobody writes the tag assent.dev/%s', async (tag) => {
  const key = `assent.dev/${tag}`;
  const name = `tags-${tag}`;
  await scene.register(name, 0.1);
  const refused = { status: 403, message: expect.stringContaining('only Assent writes it') };
  const about = { name, version: '1', key };
  expect(await scene.call('POST', 'model-versions/set-tag', { ...about, value: 'x' })).toMatchObject(refused);
  expect(await scene.call('DELETE', 'model-versions/delete-tag', about)).toMatchObject(refused);
  const create = { name, source: 'file:///x', tags: [{ key, value: 'x' }] };
  expect(await scene.call('POST', 'model-versions/create', create)).toMatchObject(refused);
});

describe('a way round the gate', () => {
  const MOVE = { name: 'bypass', version: '1', stage: 'Production' };
  const PATHS = [
    '/api/2.0/mlflow/model-versions/transition-stage',
    '/ajax-api/2.0/mlflow/model-versions/transition-stage',
    '/api/2.0/preview/mlflow/model-versions/transition-stage',
    '/api/2.0/mlflow/model-versions/transition-stage/',
    '/api/2.0/mlflow//model-versions/transition-stage',
    '//api/2.0/mlflow/model-versions/transition-stage',
    '/api/2.0/mlflow/model-versions/%74ransition-stage',
    '/api/2.0/mlflow/model-versions%2Ftransition-stage',
    '/api/2.0/mlflow/model-versions/%2574ransition-stage',
    '/api/2.0/mlflow/x/../model-versions/transition-stage',
    '/api/2.0/mlflow/./model-versions/transition-stage',
    '/api/2.0/mlflow/x/%2e%2e/model-versions/transition-stage',
    '/api/2.0/mlflow/model-versions\\transition-stage',
    '/api/2.0/mlflow/model-versions/transition-stage;x=1',
    '/api/2.0/mlflow/model-versions/transition-stage%20',
    '/api/2.0/mlflow/model-versions/transition-stage?x=1',
    '/api/2.0/mlflow/model-versions/transition-stage%3Fx',
    '/API/2.0/MLFLOW/model-versions/Transition-Stage',
    '/static/api/2.0/mlflow/model-versions/transition-stage',
  ];
  const BODIES: readonly (readonly [string, string, Record<string, string>])[] = [
    ['a key twice', '{"name":"good","name":"bypass","version":"1","stage":"Production"}', {}],
    ['a stage twice', '{"name":"bypass","version":"1","stage":"None","stage":"Production"}', {}],
    ['JSON in JSON', JSON.stringify(JSON.stringify(MOVE)), {}],
    ['UTF-16', Buffer.from(JSON.stringify(MOVE), 'utf16le').toString('latin1'), {}],
    ['a byte order mark', `\uFEFF${JSON.stringify(MOVE)}`, {}],
    ['another content type', JSON.stringify(MOVE), { 'content-type': 'text/plain' }],
    ['a form', 'name=bypass&version=1&stage=Production', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['an encoding', JSON.stringify(MOVE), { 'content-encoding': 'gzip' }],
    ['a stage in other letters', JSON.stringify({ ...MOVE, stage: 'PRODUCTION' }), {}],
    ['a version with zeros', JSON.stringify({ ...MOVE, version: '01' }), {}],
    ['a version that is a number', JSON.stringify({ ...MOVE, version: 1 }), {}],
    ['a list', JSON.stringify([MOVE]), {}],
    ['a method in a header', JSON.stringify(MOVE), { 'x-http-method-override': 'PATCH' }],
    ['a workspace', JSON.stringify(MOVE), { 'x-mlflow-workspace': 'other' }],
  ];
  beforeAll(() => scene.register('bypass', 0.85));

  test.each(PATHS)('by the path %s moves nothing', async (path) => {
    const { status } = await scene.call('POST', '', MOVE, { prefix: path.replace(/\/$/, '') });
    expect(status).toBeGreaterThanOrEqual(300);
    expect(await shown('bypass', '1')).toBe('None');
  });

  test.each(BODIES)('by a body with %s moves nothing', async (_, body, headers) => {
    const { status } = await scene.call('POST', 'model-versions/transition-stage', body, { headers });
    expect(status).toBeGreaterThanOrEqual(300);
    expect(await shown('bypass', '1')).toBe('None');
  });

  test.each(['PUT', 'PATCH', 'DELETE'])('by %s moves nothing', async (method) => {
    expect((await scene.call(method, 'model-versions/transition-stage', MOVE)).status).toBeGreaterThanOrEqual(400);
    expect(await shown('bypass', '1')).toBe('None');
  });

  test('is none without the gateway: the same call moves the version in MLflow itself', async () => {
    const { status } = await scene.transition('bypass', '1', 'Staging', { url: scene.ground.mlflow.url });
    expect([status, await shown('bypass', '1')]).toEqual([200, 'Staging']);
  });
});

test('with the API server away what is gated is refused, and all else passes', async () => {
  await scene.register('away', 0.95);
  const nowhere = join(scene.ground.folder, 'nowhere.yaml');
  await writeFile(nowhere, renderNowhere());
  await using gateway = await startGatewayProcess(nowhere, scene.ground.mlflow.url, ['-n', 'default']);
  const { url } = gateway;
  const unavailable = { status: 503, code: 'TEMPORARILY_UNAVAILABLE' };
  expect(await scene.transition('away', '1', 'Production', { url })).toMatchObject(unavailable);
  const version = { name: 'away', version: '1' };
  expect(await scene.call('DELETE', 'model-versions/delete', version, { url })).toMatchObject(unavailable);
  expect(await scene.call('DELETE', 'registered-models/delete', version, { url })).toMatchObject(unavailable);
  const champion = { ...version, alias: 'champion' };
  expect(await scene.call('POST', 'registered-models/alias', champion, { url })).toMatchObject(unavailable);
  expect(await shown('away', '1')).toBe('None');
  const search = await scene.call('GET', 'model-versions/search', undefined, { url });
  expect(search.status).toBe(200);
  const tag = { ...version, key: 'note', value: 'x' };
  expect(await scene.call('POST', 'model-versions/set-tag', tag, { url })).toMatchObject({ status: 200 });
});

function renderNowhere(): string {
  return `apiVersion: v1
kind: Config
clusters: [{name: nowhere, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: nowhere, context: {cluster: nowhere, user: nobody}}]
current-context: nowhere
`;
}
