import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, type Condition, type ModelRegistry, type ModelVersion } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { createMlflowRest, type MlflowRest } from '../mlflow/mlflow-rest.ts';
import { type MlflowServer, type MlflowServerOptions, startMlflowServer } from '../mlflow/mlflow-server.ts';
import { type AdmissionCluster, assertOk, installAdmission } from './admission-cluster.ts';
import { fetchMetrics, findMetric } from './operator-metrics.ts';
import { type OperatorProcess, startOperatorProcess } from './operator-process.ts';
import { sharedCluster } from './shared-cluster.ts';

/** A real MLflow, a real API server, and the operator between them. */
export interface MlflowGround extends AsyncDisposable {
  readonly folder: string;
  readonly cluster: AdmissionCluster;
  readonly mlflow: MlflowServer;
  readonly rest: MlflowRest;
  readonly operator: OperatorProcess;
  startOperator(...hosts: readonly string[]): Promise<void>;
  apply(...objects: readonly Record<string, unknown>[]): Promise<void>;
  /** As an administrator would: the operator may make versions. */
  grantImport(): Promise<void>;
  registry(name: string): Promise<ModelRegistry>;
  /** @returns one condition of a ModelRegistry */
  condition(registry: string, type: string): Promise<Condition | undefined>;
  /** @returns the version; undefined where there is none yet */
  find(name: string): Promise<ModelVersion | undefined>;
  /** @returns the value of a metric of a ModelRegistry's; undefined where there is none */
  metric(name: string, registry: string): Promise<number | undefined>;
  /** @returns the reason of condition Approved */
  approved(name: string): Promise<string | undefined>;
}

export async function startMlflowGround(options: MlflowServerOptions = {}): Promise<MlflowGround> {
  const folder = await mkdtemp(join(tmpdir(), 'assent-mlflow-'));
  const [cluster, mlflow] = await Promise.all([installAdmission(), startMlflowServer(join(folder, 'mlflow'), options)]);
  const headers = options.password
    ? { authorization: `Basic ${Buffer.from(`admin:${options.password}`).toString('base64')}` }
    : undefined;
  const grantImport = async () => {
    const user = `--user=${operatorIdentity(DEFAULT_NAMESPACE).user}`;
    assertOk(await cluster.admin(['create', 'rolebinding', 'assent-import', '--clusterrole=assent-submitter', user]));
  };
  await grantImport();
  let operator: OperatorProcess | undefined;
  const find = (name: string) => cluster.find<ModelVersion>('modelversions', name);
  const registry = async (name: string): Promise<ModelRegistry> => {
    const found = await cluster.find<ModelRegistry>('modelregistries', name);
    if (!found) throw new Error(`there is no ModelRegistry ${name}`);
    return found;
  };
  return {
    folder,
    cluster,
    mlflow,
    rest: createMlflowRest(mlflow.url, headers),
    get operator() {
      if (!operator) throw new Error('the operator was not started');
      return operator;
    },
    async startOperator(...hosts) {
      await operator?.[Symbol.asyncDispose]();
      const kubeconfig = await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE));
      operator = await startOperatorProcess(kubeconfig, {
        args: [
          ...['--namespaces', cluster.namespace, '--webhook-port', '0', '--health-port', '0'],
          ...['--registry-host', mlflow.url, ...hosts],
        ],
        cacheFolder: join(folder, 'cache'),
        keepRecords: false,
      });
    },
    async apply(...objects) {
      const list = { apiVersion: 'v1', kind: 'List', items: objects };
      assertOk(await cluster.admin(['apply', '--filename', '-'], list));
    },
    grantImport,
    registry,
    condition: async (name, type) =>
      (await registry(name)).status?.conditions?.find((condition) => condition.type === type),
    find,
    metric: async (name, registryName) =>
      findMetric(
        await fetchMetrics({ log: operator?.log ?? [] }),
        `${name}{registry="${cluster.namespace}/${registryName}"}`,
      ),
    approved: async (name) => (await find(name))?.status?.conditions?.find(({ type }) => type === 'Approved')?.reason,
    async [Symbol.asyncDispose]() {
      await operator?.[Symbol.asyncDispose]();
      await mlflow[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Approves by itself what a run says of itself, not what a submitter says. */
export const VERIFIED_ACCURACY = `package approval

allow contains "accurate" if input.verified.metrics.accuracy > 0.9
`;

export const aRegistry = (name: string, url: string, spec: Record<string, unknown>) => ({
  apiVersion: API_VERSION,
  kind: 'ModelRegistry',
  metadata: { name },
  spec: { interval: '1s', ...spec, mlflow: { url, ...Object(spec.mlflow) } },
});
