// Evaluations a second on one core, against native OPA on the same policy and input, in one run:
//
//   node src/dev/bootstrap.mjs test/bench/evaluation.ts [--rounds N]
//
// OPA is built from the Go module proxy (OPA=PATH takes a binary that is there). `opa bench` measures an input that
// is parsed already and leaves the result where it is; ours starts at the input's JSON and ends at the result's.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type CompiledPolicy, createCompiler, createEvaluator, opaVersion } from '../../src/rego/index.ts';
import { measurePerSecond, prepareInThread } from './in-thread.ts';
import { ensureOpa, prepareNative } from './native-opa.ts';
import { median } from './statistics.ts';

const aims = { perSecond: 60_000, ratio: 2.5 };
const roundMs = 2_000;
const limits = { timeoutMs: 1_000, memoryBytes: 16 * 1024 * 1024, inputBytes: 256 * 1024 };

const { values: options } = parseArgs({ options: { rounds: { type: 'string', default: '5' } } });
const reactor = fileURLToPath(new URL('../../compiler/dist/opa-compiler.wasm', import.meta.url));

const source = `package approval

allow contains $"accuracy {input.modelVersion.spec.metrics.accuracy} is above {data.parameters.threshold}" if {
	input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
}
`;
const data = { parameters: { threshold: 0.9 } };
const input = JSON.stringify({
  modelVersion: {
    apiVersion: 'assent.dev/v1alpha1',
    kind: 'ModelVersion',
    metadata: {
      name: 'fraud-detector-7',
      namespace: 'risk',
      uid: '5b0f6e0e-7a43-4e57-9d5c-2f1a6f0e7c11',
      generation: 1,
      resourceVersion: '184467',
      creationTimestamp: '2026-01-02T03:04:05Z',
      labels: { domain: 'credit', team: 'risk' },
    },
    spec: {
      model: 'fraud-detector',
      version: '7',
      stage: 'Production',
      metrics: { accuracy: 0.93, auc: 0.97, f1: 0.88, logloss: 0.213 },
      parameters: { max_depth: '6', eta: '0.1', objective: 'binary:logistic' },
      artifact: { uri: 'models:/fraud-detector/7', digest: `sha256:${'3c'.repeat(32)}` },
      source: { runId: '8f'.repeat(16), gitCommit: '3c'.repeat(20), registry: 'mlflow' },
    },
  },
  transition: { from: 'Staging', to: 'Production' },
  champion: null,
  namespace: { name: 'risk', labels: { 'kubernetes.io/metadata.name': 'risk' } },
  submitter: { user: 'system:serviceaccount:risk:trainer', groups: ['system:authenticated'] },
  verified: {},
  now: '2026-01-02T03:04:06Z',
});

const folder = await mkdtemp(join(tmpdir(), 'assent-bench-'));
try {
  await measure();
} finally {
  await rm(folder, { recursive: true });
}

async function measure() {
  const policy = await compilePolicy();
  const measureNative = await prepareNative(await ensureOpa(folder), join(folder, 'native'), { source, data, input });
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, OPA ${opaVersion}`);
  console.log(
    `input of ${Buffer.byteLength(input)} bytes, ${options.rounds} rounds of ${roundMs / 1000} s, interleaved\n`,
  );
  const evaluateOnce = await buildInThread(policy);
  const rounds = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    const native = await measureNative();
    const inThread = measurePerSecond(evaluateOnce, roundMs);
    const pool = await measurePool(policy);
    rounds.push({ native, inThread, pool, ratio: inThread / native });
    console.log(`round ${round}: native ${format(native)}/s, ours ${format(inThread)}/s, pool ${format(pool)}/s`);
  }
  const ours = median(rounds.map(({ inThread }) => inThread));
  const ratio = median(rounds.map((round) => round.ratio));
  console.log(`\nmedian: native OPA         ${format(median(rounds.map(({ native }) => native)))} evaluations/s`);
  console.log(`        ours, in a thread  ${format(ours)} evaluations/s   (aim: ${format(aims.perSecond)})`);
  console.log(`        ratio              ${ratio.toFixed(2)}   (aim: ${aims.ratio})`);
  console.log(
    `        ours, the pool     ${format(median(rounds.map(({ pool }) => pool)))} evaluations/s with one thread`,
  );
  process.exitCode = ours >= aims.perSecond && ratio >= aims.ratio ? 0 : 1;
}

async function compilePolicy(): Promise<CompiledPolicy> {
  await using compiler = createCompiler({ reactor, cacheFolder: join(folder, 'policies') });
  const result = await compiler.compile({ 'accuracy.rego': source });
  if (result.kind === 'failed') throw new Error(JSON.stringify(result.errors));
  return result.policy;
}

async function buildInThread(policy: CompiledPolicy): Promise<() => unknown> {
  const once = await prepareInThread({ policy, data, input, memoryBytes: limits.memoryBytes });
  const expected = '[{"result":{"allow":["accuracy 0.93 is above 0.9"]}}]';
  if (JSON.stringify(once()) !== expected) throw new Error(`the policy gave ${JSON.stringify(once())}`);
  return once;
}

async function measurePool(policy: CompiledPolicy): Promise<number> {
  await using evaluator = createEvaluator({ threads: 1 });
  const request = { policy, data, dataDigest: 'one', input, limits };
  await evaluator.evaluate(request);
  const startedMs = performance.now();
  let count = 0;
  const caller = async () => {
    while (performance.now() - startedMs < roundMs) {
      const result = await evaluator.evaluate(request);
      if (result.kind === 'error') throw new Error(result.message);
      count++;
    }
  };
  await Promise.all(Array.from({ length: 200 }, caller));
  return count / ((performance.now() - startedMs) / 1000);
}

function format(perSecond: number): string {
  return Math.round(perSecond).toLocaleString('en-US');
}
