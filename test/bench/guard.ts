// What the deployment guard costs and how soon it follows a decision, with so many approved versions in a namespace. The
// cost is that of creating a Deployment in a guarded namespace against one in a namespace without a guard, in turn:
//
//   node src/dev/bootstrap.mjs test/bench/guard.ts [--versions 10] [--versions 100] [--versions 1000] [--versions 10000]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { buildGuardManifests } from '../../src/admission/index.ts';
import { GROUP, LABELS, STAGE_APPROVALS_NAME, VERSION } from '../../src/api/index.ts';
import { applyManifest, createPlainStore, KubeApiError, MODEL_VERSIONS, watchResource } from '../../src/kube/index.ts';
import { type OperatorProcess, startOperatorProcess } from '../e2e/operator-process.ts';
import { aWorkload } from '../e2e/workloads.ts';
import { aVersion, type BenchCluster, createVersions, startBenchCluster, versionsPath } from './bench-cluster.ts';
import { median, quantile } from './statistics.ts';

/** Of creating a Deployment, with no more versions than this. */
const AIM = 1.5;
const AIM_VERSIONS = 100;
const ROUNDS = 400;
const CHANGES = 60;
/** Longer than the operator waits between two writes that only open. */
const ALONE_MS = 700;
const BURST = 1_000;
const MODELS = 'guarded';

const Approvals = z.object({
  status: z.object({ approved: z.number(), omitted: z.number(), versions: z.unknown() }),
});

const { values: options } = parseArgs({
  options: { versions: { type: 'string', multiple: true, default: ['10', '100', '1000', '10000'] } },
});

for (const count of options.versions.map(Number)) {
  await using cluster = await startBenchCluster();
  await measure(cluster, count);
}

async function measure(cluster: BenchCluster, count: number): Promise<void> {
  await cluster.createNamespace('plain');
  const labels = { [LABELS.stage]: 'Production' };
  await applyManifest(
    cluster.admin,
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: MODELS, labels } },
    'bench',
  );
  for (const manifest of buildGuardManifests()) await applyManifest(cluster.admin, manifest, 'bench');
  await using operator = await startOperatorProcess(cluster.operatorKubeconfig);
  await createVersions(cluster, MODELS, count);
  await untilApproved(cluster, count);

  const { bytes } = await readApprovals(cluster);
  const dryRun = await measureCost(cluster, { dryRun: 'All' });
  const stored = await measureCost(cluster, {});
  console.log(`${count} versions, ${(bytes / 1024).toFixed(1)} KiB of StageApprovals`);
  console.log(`  a Deployment is admitted: ${formatCost(dryRun)}`);
  const aim = count <= AIM_VERSIONS ? ` (aim: at most ${AIM})` : '';
  console.log(`  a Deployment is created:  ${formatCost(stored)}${aim}`);
  const { opened, closed } = await measureDelays(cluster, count);
  console.log(`  after a decision is seen, its version is let in:  ${formatDelay(opened)}`);
  console.log(`  after it is seen to be archived, it is refused:   ${formatDelay(closed)}`);
  const burst = await measureBurst(cluster, operator, count + CHANGES);
  console.log(`  ${BURST} decisions in ${(burst.ms / 1_000).toFixed(1)} s: ${burst.writes} writes of StageApprovals`);
  if (count <= AIM_VERSIONS && !(stored.ratio <= AIM)) process.exitCode = 1;
}

interface Cost {
  readonly guarded: readonly number[];
  readonly plain: readonly number[];
  readonly ratio: number;
}

/** One Deployment after the other, in turn in either namespace, so that both meet the same machine. */
async function measureCost(cluster: BenchCluster, query: Readonly<Record<string, string>>): Promise<Cost> {
  const guarded: number[] = [];
  const plain: number[] = [];
  for (let round = 0; round < ROUNDS; round++) {
    for (const [namespace, took] of [
      ['plain', plain],
      [MODELS, guarded],
    ] as const) {
      const startedAt = performance.now();
      await deploy(cluster, namespace, `server-${round}`, 'model-1', query);
      took.push(performance.now() - startedAt);
    }
  }
  const path = (namespace: string) => `/apis/apps/v1/namespaces/${namespace}/deployments`;
  for (const namespace of ['plain', MODELS]) await cluster.admin.request({ method: 'DELETE', path: path(namespace) });
  return { guarded, plain, ratio: median(guarded) / median(plain) };
}

function deploy(
  { admin }: BenchCluster,
  namespace: string,
  name: string,
  version: string,
  query: Readonly<Record<string, string>>,
): Promise<unknown> {
  const body = aWorkload('Deployment', name, { labels: { [LABELS.modelVersion]: version } });
  return admin.request({ method: 'POST', path: `/apis/apps/v1/namespaces/${namespace}/deployments`, query, body });
}

/** @returns the milliseconds from seeing a decision in a watch to the guard's following it, one version at a time. */
async function measureDelays(cluster: BenchCluster, offset: number) {
  const { admin } = cluster;
  let wanted: { readonly key: string; readonly stage: string; readonly seen: () => void } | undefined;
  await using informer = watchResource({
    cluster: admin,
    resource: MODEL_VERSIONS,
    namespaces: [MODELS],
    store: createPlainStore(),
    onProblem: (error) => console.error(error),
    onChange: ({ key, now }) => {
      if (wanted?.key === key && stageOf(now) === wanted.stage) wanted.seen();
    },
  });
  await informer.synced;
  const decided = async (name: string, stage: string, act: () => Promise<unknown>): Promise<void> => {
    const { promise, resolve } = Promise.withResolvers<void>();
    wanted = { key: `${MODELS}/${name}`, stage, seen: resolve };
    await Promise.all([promise, act()]);
  };
  const untilFollowed = async (name: string, letIn: boolean): Promise<number> => {
    const startedAt = performance.now();
    while ((await isLetIn(cluster, name)) !== letIn);
    return performance.now() - startedAt;
  };

  const opened: number[] = [];
  const closed: number[] = [];
  for (let index = offset; index < offset + CHANGES; index++) {
    const name = `model-${index}`;
    await sleep(ALONE_MS);
    await decided(name, 'Production', () =>
      admin.request({ method: 'POST', path: versionsPath(MODELS), body: aVersion(index) }),
    );
    opened.push(await untilFollowed(name, true));
    const contentType = 'application/merge-patch+json';
    const path = `${versionsPath(MODELS)}/${name}`;
    const body = { spec: { stage: 'Archived' } };
    await decided(name, 'Archived', () => admin.request({ method: 'PATCH', path, contentType, body }));
    closed.push(await untilFollowed(name, false));
  }
  return { opened, closed };
}

async function isLetIn(cluster: BenchCluster, version: string): Promise<boolean> {
  try {
    await deploy(cluster, MODELS, 'probe', version, { dryRun: 'All' });
    return true;
  } catch (error) {
    if (error instanceof KubeApiError && error.message.includes('is not approved')) return false;
    throw error;
  }
}

async function measureBurst(cluster: BenchCluster, operator: OperatorProcess, offset: number) {
  const countWrites = () => operator.log.filter(({ msg }) => String(msg).startsWith('stage approvals written')).length;
  const before = countWrites();
  const { approved } = await readApprovals(cluster);
  const startedAt = performance.now();
  await Promise.all(
    Array.from({ length: BURST }, (_, index) =>
      cluster.admin.request({ method: 'POST', path: versionsPath(MODELS), body: aVersion(offset + index) }),
    ),
  );
  await untilApproved(cluster, approved + BURST);
  return { ms: performance.now() - startedAt, writes: countWrites() - before };
}

/** Resolves when so many versions stand in the object, or would if there were room. */
async function untilApproved(cluster: BenchCluster, count: number): Promise<void> {
  for (;;) {
    const { approved, omitted } = await readApprovals(cluster);
    if (approved + omitted >= count) return;
    await sleep(200);
  }
}

async function readApprovals({ admin }: BenchCluster) {
  const path = `/apis/${GROUP}/${VERSION}/namespaces/${MODELS}/stageapprovals/${STAGE_APPROVALS_NAME}`;
  const { status } = Approvals.parse(await admin.request({ method: 'GET', path }));
  return { ...status, bytes: JSON.stringify(status).length };
}

function stageOf(object: object | undefined): string | undefined {
  return z.object({ status: z.object({ stage: z.string() }) }).safeParse(object).data?.status.stage;
}

function formatCost({ guarded, plain, ratio }: Cost): string {
  const numbers = (took: readonly number[]) => `${median(took).toFixed(2)} ms (p99 ${quantile(took, 0.99).toFixed(1)})`;
  return `${numbers(guarded)}, without a guard ${numbers(plain)}, ratio ${ratio.toFixed(2)}`;
}

function formatDelay(took: readonly number[]): string {
  return `p50 ${median(took).toFixed(0)} ms, p99 ${quantile(took, 0.99).toFixed(0)} ms`;
}
