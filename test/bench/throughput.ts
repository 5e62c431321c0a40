// Versions decided per second, against status patches per second that a bare HTTP loop writes to the same API server in
// the same run, before and after:
//
//   node src/dev/bootstrap.mjs test/bench/throughput.ts [--versions 3000] [--versions 10000]
//
// All versions wait when the operator starts. It is timed by what it wrote: the first decision to the last.
import { parseArgs } from 'node:util';
import type { ModelVersionStatus } from '../../src/api/index.ts';
import { startOperatorProcess } from '../e2e/operator-process.ts';
import {
  type BenchCluster,
  createVersions,
  IN_FLIGHT,
  listVersions,
  patchStatus,
  readMemory,
  runAll,
  startBenchCluster,
  untilQuiet,
} from './bench-cluster.ts';
import { median } from './statistics.ts';

const AIM = 0.9;
const BARE_PATCHES = 2_000;

const { values: options } = parseArgs({
  options: { versions: { type: 'string', multiple: true, default: ['3000', '10000'] } },
});

for (const count of options.versions.map(Number)) {
  await using cluster = await startBenchCluster();
  await measure(cluster, count);
}

async function measure(cluster: BenchCluster, count: number): Promise<void> {
  await cluster.createNamespace('bare');
  await cluster.createNamespace('decided');
  await createVersions(cluster, 'bare', BARE_PATCHES);
  await createVersions(cluster, 'decided', count);

  const before = await measureBare(cluster, typicalStatus('before'));
  const operator = await startOperatorProcess(cluster.operatorKubeconfig, {
    args: ['--namespaces', 'decided'],
    logFile: cluster.logFile,
  });
  await untilQuiet(cluster, 'decided');
  const memory = await readMemory(operator.pid);
  await operator[Symbol.asyncDispose]();
  const after = await measureBare(cluster, typicalStatus('after'));

  const decided = await listVersions(cluster, 'decided');
  const times = decided.map(({ status }) => Date.parse(status?.decision?.decidedAt ?? ''));
  const bytes = decided.map(({ status }) => JSON.stringify(status).length);
  const seconds = (Math.max(...times) - Math.min(...times)) / 1_000;
  const perSecond = (count - 1) / seconds;
  const bare = (before + after) / 2;
  console.log(
    `${count} versions: ${perSecond.toFixed(0)} decided/s in ${seconds.toFixed(1)} s; bare patches ${before.toFixed(0)}/s before, ` +
      `${after.toFixed(0)}/s after; ratio ${(perSecond / bare).toFixed(2)} (aim: ${AIM}); ` +
      `a status of ${median(bytes)} bytes, a bare one of ${JSON.stringify(typicalStatus('before')).length}; ` +
      `resident ${memory.now.toFixed(0)} MiB, at most ${memory.most.toFixed(0)} MiB`,
  );
  if (!(perSecond / bare >= AIM)) process.exitCode = 1;
}

async function measureBare(cluster: BenchCluster, status: ModelVersionStatus): Promise<number> {
  const ms = await runAll(BARE_PATCHES, IN_FLIGHT, (index) => patchStatus(cluster, 'bare', `model-${index}`, status));
  return BARE_PATCHES / (ms / 1_000);
}

/** The status that a decision on such a version writes; `reason` makes each round write something new. */
function typicalStatus(reason: string): ModelVersionStatus {
  const at = new Date().toISOString();
  const digest = `sha256:${'0'.repeat(64)}`;
  const condition = (type: string, why: string, message: string) => ({
    type,
    status: 'True' as const,
    reason: why,
    message,
    lastTransitionTime: at,
    observedGeneration: 1,
  });
  const verdict = {
    name: 'ClusterApprovalPolicy/accuracy',
    generation: 1,
    digest,
    outcome: 'allow' as const,
    reasons: [reason],
    evaluationMicroseconds: 12,
  };
  return {
    stage: 'Production',
    observedGeneration: 1,
    decision: {
      id: digest,
      generation: 1,
      outcome: 'Approved',
      by: 'Policy',
      reasons: [reason],
      warnings: [],
      policies: [verdict],
      policyNames: 'accuracy',
      requirements: [],
      inputDigest: digest,
      policyDigest: digest,
      now: at,
      decidedAt: at,
      signature: { keyId: digest, value: `${'A'.repeat(86)}==` },
    },
    verified: {
      registry: 'mlflow',
      outcome: 'Unavailable',
      message: 'there is no ModelRegistry mlflow in this namespace that works',
    },
    history: [
      {
        from: 'None',
        to: 'Production',
        outcome: 'Approved',
        generation: 1,
        decisionId: digest,
        at,
        reason: 'AutoApproved',
        previousDigest: '',
      },
    ],
    conditions: [
      condition('Approved', 'AutoApproved', 'accuracy 0.93 is above 0.9'),
      condition('PolicyEvaluated', 'Evaluated', 'every matching policy gave its result'),
      condition('ApprovalsVerified', 'AdmissionPoliciesInForce', 'the API server vouches for who approves'),
      condition('Ready', 'AutoApproved', 'accuracy 0.93 is above 0.9'),
    ],
  };
}
