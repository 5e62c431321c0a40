// How time to synced and resident memory grow with the number of versions, all of them decided:
//
//   node src/dev/bootstrap.mjs test/bench/scale.ts [--versions 10000] [--versions 100000]
//
// 100,000 take some minutes to create and to decide; what is measured is an operator that starts afterwards. Linux only.
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { startOperatorProcess } from '../e2e/operator-process.ts';
import {
  type BenchCluster,
  createVersions,
  listVersions,
  readMemory,
  startBenchCluster,
  untilQuiet,
} from './bench-cluster.ts';
import { buildTheProgram } from './built-program.ts';

const AIM_MIB = 350;
const AIM_VERSIONS = 100_000;
/** After this the compiler thread has ended, and the heap was compacted. */
const SETTLED_MS = 75_000;

const program = buildTheProgram();
const { values } = parseArgs({
  options: { versions: { type: 'string', multiple: true, default: ['10000', '100000'] } },
});

for (const count of values.versions.map(Number)) {
  await using cluster = await startBenchCluster();
  await measure(cluster, count);
}

async function measure(cluster: BenchCluster, count: number): Promise<void> {
  await cluster.createNamespace('many');
  const createdMs = await createVersions(cluster, 'many', count);
  const options = { args: ['--namespaces', 'many'], logFile: cluster.logFile, main: program };
  const first = await startOperatorProcess(cluster.operatorKubeconfig, options);
  await untilQuiet(cluster, 'many');
  const deciding = await readMemory(first.pid);
  await first[Symbol.asyncDispose]();

  await using operator = await startOperatorProcess(cluster.operatorKubeconfig, options);
  const atSync = await readMemory(operator.pid);
  await sleep(SETTLED_MS);
  const settled = await readMemory(operator.pid);
  const undecided = (await listVersions(cluster, 'many')).filter(({ status }) => !status?.decision).length;
  const { seconds } = operator.log.find(({ msg }) => msg === 'caches synced') ?? {};
  console.log(
    `${count} versions (created in ${(createdMs / 1_000).toFixed(0)} s, ${undecided} undecided): synced in ${seconds} s; ` +
      `resident ${settled.now.toFixed(0)} MiB, ${atSync.now.toFixed(0)} MiB at sync, at most ${settled.most.toFixed(0)} MiB; ` +
      `${deciding.most.toFixed(0)} MiB at most while deciding all`,
  );
  if (undecided > 0 || (count <= AIM_VERSIONS && settled.now > AIM_MIB)) process.exitCode = 1;
}
