// From applying a version to its decision in the status, at 20 versions a second, against one bare create and one bare
// status patch in the same run:
//
//   node src/dev/bootstrap.mjs test/bench/latency.ts [--seconds 20] [--rate 20]
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { API_VERSION, GROUP, VERSION } from '../../src/api/index.ts';
import { createPlainStore, watchResource } from '../../src/kube/index.ts';
import { startOperatorProcess } from '../e2e/operator-process.ts';
import { aVersion, type BenchCluster, patchStatus, startBenchCluster, versionsPath } from './bench-cluster.ts';
import { median, quantile } from './statistics.ts';

const AIM = 3;
const BARE_ROUNDS = 150;

const { values: options } = parseArgs({
  options: { seconds: { type: 'string', default: '20' }, rate: { type: 'string', default: '20' } },
});
const intervalMs = 1_000 / Number(options.rate);
const count = Number(options.seconds) * Number(options.rate);

await using cluster = await startBenchCluster();
await cluster.createNamespace('bare');
await cluster.createNamespace('applied');
const before = await measureBare(cluster, 0);
const decided = await measureDecisions(cluster);
const after = await measureBare(cluster, BARE_ROUNDS);
const bare = (before + after) / 2;
const ratio = median(decided) / bare;
console.log(
  `${count} versions at ${options.rate}/s: decided after p50 ${median(decided).toFixed(1)} ms, ` +
    `p95 ${quantile(decided, 0.95).toFixed(1)} ms, p99 ${quantile(decided, 0.99).toFixed(1)} ms; ` +
    `one bare create + status patch ${bare.toFixed(1)} ms (p50, ${before.toFixed(1)} before, ${after.toFixed(1)} after); ` +
    `ratio ${ratio.toFixed(2)} (aim: at most ${AIM})`,
);
process.exitCode = ratio <= AIM ? 0 : 1;

/** @returns the median milliseconds of a create plus those of a status patch, one after the other at the same rate. */
async function measureBare(bench: BenchCluster, offset: number): Promise<number> {
  const creates: number[] = [];
  const patches: number[] = [];
  for (let index = offset; index < offset + BARE_ROUNDS; index++) {
    const startedAt = performance.now();
    await bench.admin.request({ method: 'POST', path: versionsPath('bare'), body: aVersion(index) });
    const createdAt = performance.now();
    await patchStatus(bench, 'bare', `model-${index}`, { stage: 'None', observedGeneration: 1 });
    creates.push(createdAt - startedAt);
    patches.push(performance.now() - createdAt);
    await sleep(Math.max(0, intervalMs - (performance.now() - startedAt)));
  }
  return median(creates) + median(patches);
}

/** @returns for each version the milliseconds from sending it to seeing its decision in a watch. */
async function measureDecisions(bench: BenchCluster): Promise<readonly number[]> {
  await using _operator = await startOperatorProcess(bench.operatorKubeconfig, {
    args: ['--namespaces', 'applied'],
    logFile: bench.logFile,
  });
  const sentAt = new Map<string, number>();
  const took: number[] = [];
  const { promise: all, resolve } = Promise.withResolvers<void>();
  await using informer = watchResource({
    cluster: bench.admin,
    resource: { group: GROUP, version: VERSION, plural: 'modelversions', kind: 'ModelVersion', namespaced: true },
    namespaces: ['applied'],
    store: createPlainStore(),
    onProblem: (error) => console.error(error),
    onChange: ({ key, now }) => {
      const sent = sentAt.get(key);
      if (sent === undefined || !now || !hasDecision(now)) return;
      sentAt.delete(key);
      took.push(performance.now() - sent);
      if (took.length === count) resolve();
    },
  });
  await informer.synced;
  for (let index = 0; index < count; index++) {
    const startedAt = performance.now();
    sentAt.set(`applied/model-${index}`, startedAt);
    const body = { ...aVersion(index), apiVersion: API_VERSION };
    void bench.admin.request({ method: 'POST', path: versionsPath('applied'), body });
    await sleep(Math.max(0, intervalMs - (performance.now() - startedAt)));
  }
  await all;
  return took;
}

function hasDecision(object: object): boolean {
  return (
    'status' in object && typeof object.status === 'object' && object.status !== null && 'decision' in object.status
  );
}
