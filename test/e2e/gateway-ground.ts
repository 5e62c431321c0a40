import { DEFAULT_NAMESPACE, gatewayUser, serviceAccountGroups } from '../../src/admission/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { runPython } from '../mlflow/run-python.ts';
import { type GatewayProcess, startGatewayProcess } from './gateway-process.ts';
import { type MlflowGround, startMlflowGround } from './mlflow-ground.ts';
import { sharedCluster } from './shared-cluster.ts';

const PASSWORD = 'a long password of tests';

/** What MLflow or the gateway answers. */
export interface Told {
  readonly status: number;
  readonly code?: string | undefined;
  readonly message?: string | undefined;
  readonly body: unknown;
}

/** A real MLflow that asks for passwords, with a gateway before it that uses its own ServiceAccount's rights. */
export interface GatewayGround extends AsyncDisposable {
  readonly ground: MlflowGround;
  readonly gateway: GatewayProcess;
  /** Of the gateway. */
  readonly kubeconfig: string;
  /** Makes an MLflow user. */
  user(name: string): Promise<void>;
  /** Lets an MLflow user change a model; everybody may read it. */
  allow(username: string, model: string): Promise<void>;
  authorization(user: string, password?: string): string;
  /** Calls MLflow's REST API through the gateway. */
  call(method: string, path: string, body: unknown, options?: CallOptions): Promise<Told>;
  transition(model: string, version: string, stage: string, options?: CallOptions): Promise<Told>;
  /** Registers versions of these accuracies, in this order. */
  register(model: string, ...accuracies: readonly number[]): Promise<void>;
  python(program: string, args?: readonly string[], url?: string): Promise<unknown>;
}

export interface CallOptions {
  readonly user?: string;
  readonly password?: string;
  /** Before the path; `/api/2.0/mlflow` where it is left out. */
  readonly prefix?: string;
  readonly url?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export async function startGatewayGround(): Promise<GatewayGround> {
  const ground = await startMlflowGround({ password: PASSWORD, defaultPermission: 'READ' });
  const user = { user: gatewayUser(DEFAULT_NAMESPACE), groups: serviceAccountGroups(DEFAULT_NAMESPACE) };
  const kubeconfig = await kubeconfigFor(sharedCluster(), user);
  await ground.cluster.as(user, 'assent-gateway');
  await ground.startOperator();
  const gateway = await startGatewayProcess(kubeconfig, ground.mlflow.url, ['-n', ground.cluster.namespace]);
  const authorization = (name: string, password = PASSWORD) =>
    `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
  const call: GatewayGround['call'] = async (method, path, body, options = {}) => {
    const { user: caller = 'admin', password, prefix = '/api/2.0/mlflow', url = gateway.url, headers = {} } = options;
    const response = await fetch(`${url}${prefix}/${path}`, {
      method,
      redirect: 'manual',
      headers: { 'content-type': 'application/json', authorization: authorization(caller, password), ...headers },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
    const text = await response.text();
    const told = parse(text);
    return { status: response.status, code: told.error_code, message: told.message, body: told };
  };
  return {
    ground,
    gateway,
    kubeconfig,
    authorization,
    call,
    user: async (username) => void (await ground.rest.post('users/create', { username, password: PASSWORD })),
    async allow(username, model) {
      const grant = { username, resource_type: 'registered_model', resource_id: model, permission: 'EDIT' };
      const granted = await call('POST', 'users/permissions/grant', grant, { prefix: '/api/3.0/mlflow' });
      if (granted.status !== 200) throw new Error(granted.message);
    },
    transition: (name, version, stage, options) =>
      call('POST', 'model-versions/transition-stage', { name, version, stage }, options),
    async register(name, ...accuracies) {
      await ground.rest.post('registered-models/create', { name });
      for (const accuracy of accuracies) {
        const { runId, source } = await ground.rest.run(accuracy);
        await ground.rest.post('model-versions/create', { name, source, run_id: runId });
      }
    },
    async python(program, args = [], url = gateway.url) {
      const env = {
        MLFLOW_TRACKING_USERNAME: 'admin',
        MLFLOW_TRACKING_PASSWORD: PASSWORD,
        MLFLOW_HTTP_REQUEST_MAX_RETRIES: '0',
      };
      const { status, stdout, stderr } = await runPython(ground.mlflow.python, program, { url, args, env });
      if (status !== 0) throw new Error(stderr);
      return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
    },
    async [Symbol.asyncDispose]() {
      await gateway[Symbol.asyncDispose]();
      await ground[Symbol.asyncDispose]();
    },
  };
}

function parse(text: string): Record<string, string | undefined> {
  try {
    return JSON.parse(text);
  } catch {
    return {};
  }
}
