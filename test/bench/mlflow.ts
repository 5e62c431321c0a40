// What an MLflow registry costs, with a real MLflow: how long an import takes, how soon a registered version stands in its
// stage, by comparison and by webhook, and whether an MLflow that is killed while decisions arrive loses one:
//
//   node src/dev/bootstrap.mjs test/bench/mlflow.ts [--import 10000] [--export 500] [--rounds 20]
//
// The import is set against a bare loop that reads the same run and the same version of each, eight at once.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, ModelRegistry } from '../../src/api/index.ts';
import { applyManifest, resourcePath } from '../../src/kube/index.ts';
import { MODEL_REGISTRIES } from '../../src/mlflow/index.ts';
import { type OperatorProcess, startOperatorProcess } from '../e2e/operator-process.ts';
import { createMlflowRest } from '../mlflow/mlflow-rest.ts';
import { startMlflowServer } from '../mlflow/mlflow-server.ts';
import { readMemory, runAll, startBenchCluster } from './bench-cluster.ts';
import { median, quantile } from './statistics.ts';

const AT_ONCE = 8;
const NAMESPACE = 'registry';
const SECRET = 'the secret of a webhook';

const { values: options } = parseArgs({
  options: {
    import: { type: 'string', default: '10000' },
    export: { type: 'string', default: '500' },
    rounds: { type: 'string', default: '20' },
  },
});
const [imports, exports, rounds] = [options.import, options.export, options.rounds].map(Number);

const folder = await mkdtemp(join(tmpdir(), 'assent-mlflow-bench-'));
await using cluster = await startBenchCluster();
await using mlflow = await startMlflowServer(folder, { workers: 2 });
const rest = createMlflowRest(mlflow.url);
await cluster.createNamespace(NAMESPACE);
await allowImports();
await using operator = await startOperatorProcess(cluster.operatorKubeconfig, {
  args: ['--registry-host', mlflow.url, '--webhook-port', '0'],
  keepRecords: false,
});

const run = await rest.run(0.95);
await measureImport(operator);
await measureExport(operator);
await measureLatency('comparison every second', '1s');
await hook();
await measureLatency('webhook', '1h');
await rm(folder, { recursive: true, force: true });

async function measureImport({ pid }: OperatorProcess): Promise<void> {
  await rest.register('many', imports ?? 0, run);
  const bareMs = await runAll(imports ?? 0, AT_ONCE, async (index) => {
    await rest.version('many', String(index + 1));
    await fetch(`${mlflow.url}/api/2.0/mlflow/runs/get?run_id=${run.runId}`).then((answer) => answer.text());
  });
  const startedAt = performance.now();
  await registry('many', { import: {} });
  await until(async () => (await status('many')).imported === imports);
  const ms = performance.now() - startedAt;
  const { most } = await readMemory(pid);
  console.log(
    `import: ${imports} versions in ${(ms / 1000).toFixed(1)} s; a bare loop that reads them takes ${(bareMs / 1000).toFixed(1)} s; ` +
      `ratio ${(ms / bareMs).toFixed(2)}; the operator held at most ${Math.round(most)} MiB`,
  );
}

async function measureExport({ log }: OperatorProcess): Promise<void> {
  await rest.register('moved', exports ?? 0, run);
  const shown = () => log.filter(({ msg, model }) => msg === 'decision exported' && model === 'moved');
  await registry('moved', { import: { stage: 'Staging' }, export: {} });
  await until(async () => shown().length > (exports ?? 0) / 4);
  await mlflow.kill();
  const killedAt = shown().length;
  await mlflow.start();
  await until(async () => (await status('moved')).pendingExports === 0 && shown().length >= (exports ?? 0));
  const versions = shown().map(({ version }) => String(version));
  const states = await Promise.all(versions.map((version) => rest.version('moved', version)));
  const right = states.filter(({ stage, tags }) => stage === 'Staging' && tags['assent.dev/decision'] === 'Approved');
  console.log(
    `export: MLflow was killed after ${killedAt} of ${exports} decisions; ${right.length} stand in their stage, ` +
      `${versions.length - new Set(versions).size} were shown twice`,
  );
}

async function measureLatency(title: string, interval: string): Promise<void> {
  const model = title.split(' ')[0] ?? '';
  await registry(model, {
    ...{ import: { stage: 'Production' }, export: {}, interval },
    webhookSecret: { name: 'webhook', key: 'secret' },
  });
  await rest.post('registered-models/create', { name: model });
  await until(async () => (await status(model)).lastSyncTime !== undefined);
  const times: number[] = [];
  for (let version = 1; version <= (rounds ?? 0); version++) {
    const startedAt = performance.now();
    await rest.post('model-versions/create', { name: model, source: run.source, run_id: run.runId });
    await until(async () => (await rest.version(model, String(version))).stage === 'Production', 10);
    times.push(performance.now() - startedAt);
  }
  console.log(
    `from register to Production in MLflow, by ${title}: p50 ${median(times).toFixed(0)} ms, p95 ${quantile(times, 0.95).toFixed(0)} ms`,
  );
}

/** The webhook of MLflow, and the right to read its secret. */
async function hook(): Promise<void> {
  const port = operator.log.find(({ msg }) => msg === 'webhooks received')?.port;
  const url = `http://127.0.0.1:${port}/webhooks/${NAMESPACE}/webhook`;
  const events = [{ entity: 'MODEL_VERSION', action: 'CREATED' }];
  await fetch(`${mlflow.url}/api/2.0/mlflow/webhooks`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name: 'assent', url, secret: SECRET, events }),
  });
}

async function allowImports(): Promise<void> {
  const { user } = operatorIdentity(DEFAULT_NAMESPACE);
  const subjects = [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'User', name: user }];
  const rbac = 'rbac.authorization.k8s.io/v1';
  const bind = (name: string, kind: string, role: string) =>
    applyManifest(
      cluster.admin,
      {
        ...{ apiVersion: rbac, kind: 'RoleBinding', metadata: { name, namespace: NAMESPACE }, subjects },
        roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind, name: role },
      },
      'bench',
    );
  const metadata = { name: 'webhook', namespace: NAMESPACE };
  const rules = [{ apiGroups: [''], resources: ['secrets'], resourceNames: ['webhook'], verbs: ['get'] }];
  await applyManifest(cluster.admin, { apiVersion: rbac, kind: 'Role', metadata, rules }, 'bench');
  await applyManifest(
    cluster.admin,
    { apiVersion: 'v1', kind: 'Secret', metadata, stringData: { secret: SECRET } },
    'bench',
  );
  await bind('import', 'ClusterRole', 'assent-submitter');
  await bind('webhook', 'Role', 'webhook');
}

async function registry(model: string, spec: Record<string, unknown>): Promise<void> {
  const metadata = { name: model, namespace: NAMESPACE };
  const full = { mlflow: { url: mlflow.url }, models: [model], ...spec };
  await applyManifest(cluster.admin, { apiVersion: API_VERSION, kind: 'ModelRegistry', metadata, spec: full }, 'bench');
}

async function status(name: string): Promise<NonNullable<ModelRegistry['status']>> {
  const path = resourcePath(MODEL_REGISTRIES, { namespace: NAMESPACE, name });
  return ModelRegistry.parse(await cluster.admin.request({ method: 'GET', path })).status ?? {};
}

async function until(look: () => Promise<boolean>, everyMs = 100): Promise<void> {
  while (!(await look())) await sleep(everyMs);
}
