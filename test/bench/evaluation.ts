// Evaluations a second on one core, against native OPA on the same policy and input, in one run:
//
//   node src/dev/bootstrap.mjs test/bench/evaluation.ts [--rounds N]
//
// OPA is built from the Go module proxy (OPA=PATH takes a binary that is there). `opa bench` measures an input that
// is parsed already and leaves the result where it is; ours starts at the input's JSON and ends at the result's.
import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { builtins } from '../../src/rego/builtins/index.ts';
import { type CompiledPolicy, createCompiler, createEvaluator, opaVersion } from '../../src/rego/index.ts';
import { instantiatePolicy } from '../../src/rego/policy-instance.ts';
import { median } from './statistics.ts';

const run = promisify(execFile);
const aims = { perSecond: 60_000, ratio: 2.5 };
const roundMs = 2_000;
const limits = { timeoutMs: 1_000, memoryBytes: 16 * 1024 * 1024, inputBytes: 256 * 1024 };

/** What `opa bench` prints: N evaluations took T nanoseconds. */
const benchSchema = z.object({ N: z.number(), T: z.number() });

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
  const opa = await findOpa();
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, OPA ${opaVersion}`);
  console.log(
    `input of ${Buffer.byteLength(input)} bytes, ${options.rounds} rounds of ${roundMs / 1000} s, interleaved\n`,
  );
  const evaluateOnce = await buildInThread(policy);
  const rounds = [];
  for (let round = 1; round <= Number(options.rounds); round++) {
    const native = await measureNative(opa);
    const inThread = measureInThread(evaluateOnce);
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

async function findOpa(): Promise<string> {
  await writeFile(join(folder, 'policy.rego'), source);
  await writeFile(join(folder, 'data.json'), JSON.stringify(data));
  await writeFile(join(folder, 'input.json'), input);
  if (process.env.OPA) return process.env.OPA;
  console.log('building OPA …');
  const env = { ...process.env, GOBIN: folder, CGO_ENABLED: '0' };
  await run('go', ['install', `github.com/open-policy-agent/opa@v${opaVersion}`], { env, cwd: folder });
  return join(folder, 'opa');
}

// Both sides get one processor: `opa bench` evaluates one after the other, GOMAXPROCS=1 keeps its collector there too.
async function measureNative(opa: string): Promise<number> {
  const files = ['policy.rego', 'data.json'].flatMap((file) => ['--data', join(folder, file)]);
  const { stdout } = await run(
    opa,
    ['bench', ...files, '--input', join(folder, 'input.json'), '--format', 'json', '--metrics=false', 'data.approval'],
    { env: { ...process.env, GOMAXPROCS: '1' } },
  );
  const { N, T } = benchSchema.parse(JSON.parse(stdout));
  return N / (T / 1e9);
}

// What one worker of the pool does for each evaluation.
async function buildInThread(policy: CompiledPolicy): Promise<() => unknown> {
  const module = await WebAssembly.compile(Uint8Array.from(policy.wasm));
  const { memoryBytes } = limits;
  const instance = instantiatePolicy({ module, data: JSON.stringify(data), memoryBytes, builtins });
  const once = () => JSON.parse(instance.evaluate(input));
  const expected = '[{"result":{"allow":["accuracy 0.93 is above 0.9"]}}]';
  if (JSON.stringify(once()) !== expected) throw new Error(`the policy gave ${JSON.stringify(once())}`);
  return once;
}

function measureInThread(evaluateOnce: () => unknown): number {
  const startedMs = performance.now();
  let count = 0;
  while (performance.now() - startedMs < roundMs) {
    for (let at = 0; at < 1_000; at++) evaluateOnce();
    count += 1_000;
  }
  return count / ((performance.now() - startedMs) / 1000);
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
