// The real Tekton, by hand, for its controller takes minutes to build: node src/dev/bootstrap.mjs test/tekton/try-tekton.ts
// Its controller runs beside a local control plane and the operator; its webhook is not needed, for the objects are whole.
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { parse, parseAllDocuments } from 'yaml';
import { buildApprovalTasksManifests, DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import {
  ensureCompiler,
  ensureTektonConfig,
  ensureTektonController,
  findFreePort,
  install,
  repositoryRoot,
  startControlPlane,
} from '../../src/dev/index.ts';
import { loadCluster } from '../../src/kube/index.ts';
import { startOperatorProcess } from '../e2e/operator-process.ts';
import { until } from '../e2e/until.ts';

const SYSTEM = 'tekton-pipelines';
const IMAGES = ['entrypoint', 'nop', 'sidecarlogresults', 'workingdirinit', 'shell', 'shell-image-win'];

await ensureCompiler();
const config = await ensureTektonConfig();
const controllerProgram = await ensureTektonController();
await using controlPlane = await startControlPlane({});
await using cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
await install(cluster);

const kubectl = async (kubeconfig: string, args: readonly string[], stdin?: unknown): Promise<string> => {
  const running = promisify(execFile)(controlPlane.kubectl, ['--kubeconfig', kubeconfig, ...args]);
  running.child.stdin?.end(stdin === undefined ? '' : JSON.stringify(stdin));
  return (await running).stdout;
};
const admin = (args: readonly string[], stdin?: unknown) => kubectl(controlPlane.kubeconfig, args, stdin);
const apply = (items: readonly unknown[]) =>
  admin(['apply', '--server-side', '--filename', '-'], { apiVersion: 'v1', kind: 'List', items });

/** Without the webhook that converts versions which nothing here writes. */
const withoutConversion = ({ spec: { conversion: _, ...spec }, ...crd }: { spec: Record<string, unknown> }) => ({
  ...crd,
  spec,
});
const crds = await Promise.all(
  (await readdir(join(config, '300-crds'))).map(async (file) =>
    withoutConversion(parse(await readFile(join(config, '300-crds', file), 'utf8'))),
  ),
);
const settings = await Promise.all(
  (await readdir(config))
    .filter((file) => file.startsWith('config-'))
    .map(async (file) =>
      parseAllDocuments(await readFile(join(config, file), 'utf8')).map((document) => document.toJS()),
    ),
);
await apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: SYSTEM } }, ...crds]);
await admin(['wait', '--for=condition=Established', 'crd', '--all', '--timeout=60s']);
await apply([...settings.flat().filter((manifest) => manifest !== null), ...buildApprovalTasksManifests()]);
await admin(['create', 'rolebinding', 'alice', '--clusterrole', 'assent-approver', '--user', 'alice']);

const probes = await findFreePort(undefined);
const metrics = await findFreePort(undefined);
const log = openSync(join(controlPlane.folder, 'tekton.log'), 'a');
await using _controller = endWith(
  spawn(
    controllerProgram,
    ['--kubeconfig', controlPlane.kubeconfig, '--disable-ha', ...IMAGES.flatMap((image) => [toFlag(image), 'unused'])],
    {
      stdio: ['ignore', log, log],
      env: {
        ...process.env,
        SYSTEM_NAMESPACE: SYSTEM,
        KUBERNETES_MIN_VERSION: 'v1.28.0',
        CONFIG_LEADERELECTION_NAME: 'config-leader-election-controller',
        CONFIG_FEATURE_FLAGS_NAME: 'feature-flags',
        METRICS_DOMAIN: 'tekton.dev/pipeline',
        METRICS_PROMETHEUS_PORT: String(metrics),
        PROBES_PORT: String(probes),
      },
    },
  ),
);
await using operator = await startOperatorProcess(
  await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE)),
);
await until(async () => operator.log.some(({ served }) => served === true), true);

const pipeline = parse(await readFile(join(repositoryRoot, 'examples', 'pipelines', 'tekton-pipeline.yaml'), 'utf8'));
await apply([pipeline]);
const alice = await controlPlane.issueKubeconfig({ user: 'alice', groups: [] });

/** One run of the example's Pipeline, as its own model. */
async function run(model: string) {
  const params = Object.entries({ model, version: '1', accuracy: '0.85' }).map(([name, value]) => ({ name, value }));
  const metadata = { name: model };
  const spec = {
    pipelineRef: { name: pipeline.metadata.name },
    params,
    taskRunTemplate: { serviceAccountName: 'default' },
  };
  await apply([{ apiVersion: 'tekton.dev/v1', kind: 'PipelineRun', metadata, spec }]);
  const read = async (kind: string, name: string) => {
    const [item] = JSON.parse(
      await admin(['get', kind, '--field-selector', `metadata.name=${name}`, '-o', 'json']),
    ).items;
    return item?.status ?? null;
  };
  const succeeded = async (kind: string, name: string): Promise<string> => {
    const status = await read(kind, name);
    const condition = status?.conditions?.find(({ type }: { type: string }) => type === 'Succeeded');
    return condition ? `${condition.status} ${condition.reason}` : 'absent';
  };
  return {
    decide: (verdict: string, reason: string) =>
      kubectl(alice, ['annotate', 'mv', `${model}-1`, `assent.dev/${verdict}=${reason}`, '--overwrite']),
    pipelineRun: () => succeeded('pipelinerun', model),
    task: (task: string) => succeeded('customrun', `${model}-${task}`),
    results: async () => (await read('pipelinerun', model)).results,
  };
}

const rejected = await run('rejected');
await until(() => rejected.task('staging'), 'Unknown Running');
await until(() => rejected.pipelineRun(), 'Unknown Running');
await rejected.decide('reject', 'biased');
await until(() => rejected.pipelineRun(), 'False Failed');
tell('rejected', await rejected.pipelineRun(), await rejected.task('staging'), await rejected.task('production'));
await until(() => rejected.task('production'), 'absent');

const approved = await run('approved');
await until(() => approved.task('staging'), 'Unknown Running');
await approved.decide('approve', 'good enough for Staging');
await until(() => approved.task('staging'), 'True ManuallyApproved');
await until(() => approved.task('production'), 'Unknown Running');
await approved.decide('approve', 'good enough for Production');
await until(() => approved.pipelineRun(), 'True Succeeded');
tell('approved', await approved.pipelineRun(), await approved.task('staging'), await approved.task('production'));
console.log(`  results ${JSON.stringify(await approved.results())}`);

const cancelled = await run('cancelled');
await until(() => cancelled.task('staging'), 'Unknown Running');
await admin(['patch', 'pipelinerun', 'cancelled', '--type', 'merge', '--patch', '{"spec":{"status":"Cancelled"}}']);
await until(() => cancelled.task('staging'), 'False CustomRunCancelled');
await until(() => cancelled.pipelineRun(), 'False Cancelled');
tell('cancelled', await cancelled.pipelineRun(), await cancelled.task('staging'), await cancelled.task('production'));

function tell(name: string, pipelineRun: string, staging: string, production: string): void {
  console.log(`${name}: PipelineRun ${pipelineRun}, staging ${staging}, production ${production}`);
}

function toFlag(image: string): string {
  return image.endsWith('-win') ? `-${image}` : `-${image}-image`;
}

function endWith(child: ChildProcess): AsyncDisposable {
  return {
    async [Symbol.asyncDispose]() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}
