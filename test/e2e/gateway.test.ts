import { afterAll, beforeAll, expect, inject, test } from 'vitest';
import { DEFAULT_NAMESPACE, gatewayUser, serviceAccountGroups } from '../../src/admission/index.ts';
import { ANNOTATIONS } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runPython } from '../mlflow/run-python.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { aPolicy, type MlflowGround, startMlflowGround } from './mlflow-ground.ts';
import { until } from './until.ts';

const PASSWORD = 'a long password of tests';
const RULES = `package approval

allow contains "accurate" if input.modelVersion.spec.metrics.accuracy > 0.9

require contains {"reason": "not accurate enough"} if not input.modelVersion.spec.metrics.accuracy > 0.9
`;

let ground: MlflowGround;
let gateway: GatewayProcess;
let kubeconfig: string;

const as = (user: string, password = PASSWORD): NodeJS.ProcessEnv => ({
  MLFLOW_TRACKING_USERNAME: user,
  MLFLOW_TRACKING_PASSWORD: password,
  MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
});
const ADMIN = as('admin');

async function python(program: string, args: readonly string[], env = ADMIN, url = gateway.url) {
  const { status, stdout, stderr } = await runPython(ground.mlflow.python, program, { url, args, env });
  expect(status, stderr).toBe(0);
  return stdout;
}

const register = (...versions: readonly string[]) => python('register.py', [versions.join(' -- ')]);
const transition = async (model: string, version: string, stage: string, env = ADMIN) =>
  JSON.parse(await python('transition.py', [model, version, stage], env));

beforeAll(async () => {
  ground = await startMlflowGround({ password: PASSWORD });
  await ground.apply(aPolicy('accuracy', RULES));
  const user = { user: gatewayUser(DEFAULT_NAMESPACE), groups: serviceAccountGroups(DEFAULT_NAMESPACE) };
  kubeconfig = await kubeconfigFor(inject('cluster'), user);
  await ground.cluster.as(user, 'assent-gateway');
  await ground.startOperator();
  gateway = await startGatewayProcess(kubeconfig, ground.mlflow.url, ['-n', ground.cluster.namespace]);
  for (const username of ['alice', 'ben']) await ground.rest.post('users/create', { username, password: PASSWORD });
});
afterAll(async () => {
  await gateway?.[Symbol.asyncDispose]();
  await ground?.[Symbol.asyncDispose]();
});

test("a learner's five tasks run through the gateway", async () => {
  await register('MyModel 0.95', 'MyModel 0.6', 'MyModel 0.92');
  expect(JSON.parse(await python('five_tasks.py', []))).toEqual({
    approved: ['1'],
    refused: { code: 'INVALID_PARAMETER_VALUE', message: expect.stringContaining('write stage="Archived"') },
    map: { 1: 'Production', 2: 'Archived', 3: 'Staging' },
    staging: ['3'],
  });
});

test('a call that waits says for whom, and succeeds when it is repeated after the approval', async () => {
  await register('waiting 0.5');
  const { namespace, approver } = ground.cluster;
  const waits = await transition('waiting', '1', 'Production', as('alice'));
  expect(waits.code).toBe('PERMISSION_DENIED');
  expect(waits.message).toContain('not accurate enough');
  expect(waits.message).toContain('waits for 1 approval by anyone who may `approve` modelversions');
  expect(waits.message).toContain(`kubectl get mv waiting-1 -n ${namespace}`);
  expect((await ground.rest.version('waiting', '1')).stage).toBe('None');
  const generation = (await ground.find('waiting-1'))?.metadata.generation;
  expect(await transition('waiting', '1', 'production', as('alice'))).toMatchObject({ code: 'PERMISSION_DENIED' });
  expect((await approver(['annotate', 'modelversion', 'waiting-1', `${ANNOTATIONS.approve}=good enough`])).ok).toBe(true);
  await until(() => ground.approved('waiting-1'), 'ManuallyApproved');
  expect(await transition('waiting', '1', 'Production', as('alice'))).toEqual({ stage: 'Production' });
  const stored = await ground.find('waiting-1');
  expect(stored?.metadata.generation).toBe(generation);
  expect(JSON.parse(stored?.metadata.annotations?.[ANNOTATIONS.submittedBy] ?? '')).toEqual({
    user: 'mlflow:alice',
    groups: ['mlflow:users'],
    generation,
  });
});

test('the same client program sees the same with the gateway and without', async () => {
  const [direct, through] = await Promise.all([
    python('client_program.py', ['direct'], ADMIN, ground.mlflow.url),
    python('client_program.py', ['through']),
  ]);
  expect(JSON.parse(through)).toEqual(JSON.parse(direct));
  expect(JSON.parse(through)).toMatchObject({ 'same bytes': true, missing: 'RESOURCE_DOES_NOT_EXIST' });
});
