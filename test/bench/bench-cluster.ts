import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { API_VERSION, GROUP, ModelVersion, type ModelVersionStatus, VERSION } from '../../src/api/index.ts';
import { type ControlPlane, ensureCompiler, install, startControlPlane } from '../../src/dev/index.ts';
import { applyManifest, type Cluster, loadCluster } from '../../src/kube/index.ts';

/** A control plane of its own, with everything installed, one policy, and no operator yet. */
export interface BenchCluster extends AsyncDisposable {
  readonly controlPlane: ControlPlane;
  /** With an administrator's rights. */
  readonly admin: Cluster;
  /** With the operator's rights. */
  readonly operator: Cluster;
  readonly operatorKubeconfig: string;
  /** Where an operator that is measured writes its log. */
  readonly logFile: string;
  createNamespace(name: string): Promise<void>;
}

/** How many requests a bare loop has in flight; the operator works on as many versions at once. */
export const IN_FLIGHT = 32;

const POLICY = `package approval

allow contains $"accuracy {input.modelVersion.spec.metrics.accuracy} is above {data.parameters.threshold}" if {
	input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
}
`;

export async function startBenchCluster(): Promise<BenchCluster> {
  await ensureCompiler(console.log);
  await using undo = new AsyncDisposableStack();
  const controlPlane = undo.use(await startControlPlane({ report: console.log }));
  const admin = undo.use(loadCluster({ kubeconfig: controlPlane.kubeconfig, maxConnections: IN_FLIGHT }));
  await install(admin);
  const policy = {
    apiVersion: API_VERSION,
    kind: 'ClusterApprovalPolicy',
    metadata: { name: 'accuracy' },
    spec: { modules: { 'accuracy.rego': POLICY }, parameters: { threshold: 0.9 }, approvers: ['alice'] },
  };
  await applyManifest(admin, policy, 'bench');
  const operatorKubeconfig = await controlPlane.issueKubeconfig(operatorIdentity(DEFAULT_NAMESPACE));
  const operator = undo.use(loadCluster({ kubeconfig: operatorKubeconfig, maxConnections: IN_FLIGHT }));
  const running = undo.move();
  return {
    controlPlane,
    admin,
    operator,
    operatorKubeconfig,
    logFile: join(controlPlane.folder, 'logs', 'operator.log'),
    createNamespace: async (name) => {
      await applyManifest(admin, { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }, 'bench');
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

export function versionsPath(namespace: string): string {
  return `/apis/${GROUP}/${VERSION}/namespaces/${namespace}/modelversions`;
}

/** @returns a version of 1 KB, as a training pipeline submits it; of every 20 versions of a model all are approved. */
export function aVersion(index: number): Record<string, unknown> {
  const hex = index.toString(16).padStart(8, '0');
  return {
    apiVersion: API_VERSION,
    kind: 'ModelVersion',
    metadata: { name: `model-${index}`, labels: { team: `team-${index % 7}`, domain: 'credit' } },
    spec: {
      model: `model-${Math.floor(index / 20)}`,
      version: `${index % 20}`,
      stage: 'Production',
      metrics: { accuracy: 0.93, auc: 0.97, f1: 0.88, logloss: 0.213 },
      parameters: { max_depth: '6', eta: '0.1', objective: 'binary:logistic', seed: `${index}` },
      artifact: { uri: `models:/model/${index}`, digest: `sha256:${hex.repeat(8)}` },
      source: { runId: hex.repeat(4), gitCommit: hex.repeat(5), registry: 'mlflow' },
    },
  };
}

/** Runs the tasks, so many at once, and returns how long it took. */
export async function runAll(
  count: number,
  inFlight: number,
  task: (index: number) => Promise<unknown>,
): Promise<number> {
  const startedAt = performance.now();
  let next = 0;
  const loop = async () => {
    for (let index = next++; index < count; index = next++) await task(index);
  };
  await Promise.all(Array.from({ length: inFlight }, loop));
  return performance.now() - startedAt;
}

export function createVersions({ admin }: BenchCluster, namespace: string, count: number): Promise<number> {
  return runAll(count, IN_FLIGHT, (index) =>
    admin.request({ method: 'POST', path: versionsPath(namespace), body: aVersion(index) }),
  );
}

/** Writes a status as a bare client would: one merge patch, without looking at what is there. */
export function patchStatus(
  { operator }: BenchCluster,
  namespace: string,
  name: string,
  status: ModelVersionStatus,
): Promise<unknown> {
  return operator.request({
    method: 'PATCH',
    path: `${versionsPath(namespace)}/${name}/status`,
    contentType: 'application/merge-patch+json',
    body: { status },
  });
}

const Page = z.object({
  metadata: z.object({ resourceVersion: z.string(), continue: z.string().optional() }),
  items: z.array(z.looseObject({})),
});

export async function listVersions({ admin }: BenchCluster, namespace: string): Promise<readonly ModelVersion[]> {
  const versions: ModelVersion[] = [];
  for (let token: string | undefined = ''; token !== undefined; ) {
    const query = { limit: '500', ...(token ? { continue: token } : {}) };
    const page = Page.parse(await admin.request({ method: 'GET', path: versionsPath(namespace), query }));
    for (const item of page.items)
      versions.push(ModelVersion.parse({ apiVersion: API_VERSION, kind: 'ModelVersion', ...item }));
    token = page.metadata.continue || undefined;
  }
  return versions;
}

/** Resolves when nothing has been written to the collection for a while: a look costs next to nothing. */
export async function untilQuiet({ admin }: BenchCluster, namespace: string, quietMs = 3_000): Promise<void> {
  let last = '';
  for (let since = performance.now(); performance.now() - since < quietMs; await sleep(500)) {
    const query = { limit: '1' };
    const page = Page.parse(await admin.request({ method: 'GET', path: versionsPath(namespace), query }));
    if (page.metadata.resourceVersion !== last) since = performance.now();
    last = page.metadata.resourceVersion;
  }
}

/** What a process holds in memory, in MiB: now, and at most so far. Linux only. */
export async function readMemory(pid: number): Promise<{ readonly now: number; readonly most: number }> {
  const text = await readFile(`/proc/${pid}/status`, 'utf8');
  const read = (field: string) => Number(new RegExp(`${field}:\\s+(\\d+) kB`).exec(text)?.[1] ?? Number.NaN) / 1024;
  return { now: read('VmRSS'), most: read('VmHWM') };
}
