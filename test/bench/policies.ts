// Our evaluation against native OPA on every policy of policies/ and on three that OPA publishes as benchmarks:
//
//   node src/dev/bootstrap.mjs test/bench/policies.ts [--rounds N] [--only NAME]
//
// As in evaluation.ts, `opa bench` measures an input that is parsed already and leaves the result where it is; ours
// starts at the input's JSON and ends at the result's. Rounds are interleaved; a ratio is the median of the rounds'.
import { mkdtemp, rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { createCompiler, opaVersion } from '../../src/rego/index.ts';
import { type BenchedPolicy, loadBenchedPolicies } from './benched-policies.ts';
import { measurePerSecond, prepareInThread } from './in-thread.ts';
import { ensureOpa, prepareNative } from './native-opa.ts';
import { median } from './statistics.ts';

const aim = 2;
const roundMs = 1_000;
const memoryBytes = 64 * 1024 * 1024;
const reactor = fileURLToPath(new URL('../../compiler/dist/opa-compiler.wasm', import.meta.url));

const { values: options } = parseArgs({
  options: { rounds: { type: 'string', default: '3' }, only: { type: 'string' } },
});

interface Round {
  readonly native: number;
  readonly ours: number;
}

const folder = await mkdtemp(join(tmpdir(), 'assent-bench-'));
try {
  const opa = await ensureOpa(folder);
  const policies = loadBenchedPolicies().filter(({ name }) => !options.only || name === options.only);
  console.log(`${cpus()[0]?.model ?? 'unknown processor'}, Node ${process.version}, OPA ${opaVersion}`);
  console.log(`${options.rounds} rounds, evaluations a second on one core, aim: ${aim} times native OPA\n`);
  console.log(renderRow(['policy', 'input bytes', 'native', 'ours', 'ratio']));
  for (const policy of policies) {
    const rounds = await measure(opa, policy);
    const ratio = median(rounds.map(({ native, ours }) => ours / native));
    const native = format(median(rounds.map((round) => round.native)));
    const ours = format(median(rounds.map((round) => round.ours)));
    const bytes = format(Buffer.byteLength(policy.input));
    console.log(renderRow([policy.name, bytes, native, ours, `${ratio.toFixed(2)}${ratio < aim ? ' < aim' : ''}`]));
    if (ratio < aim) process.exitCode = 1;
  }
} finally {
  await rm(folder, { recursive: true });
}

async function measure(opa: string, policy: BenchedPolicy): Promise<readonly Round[]> {
  const { name, source, data, input, allows } = policy;
  const measureNative = await prepareNative(opa, join(folder, name), policy);
  await using compiler = createCompiler({ reactor, cacheFolder: join(folder, 'policies') });
  const result = await compiler.compile({ 'policy.rego': source });
  if (result.kind === 'failed') throw new Error(JSON.stringify(result.errors));
  const once = await prepareInThread({ policy: result.policy, data, input, memoryBytes });
  const answer = JSON.stringify(once());
  // What allows has walked through every rule; an evaluation that stops at the first is no measure.
  if (allows !== answer.includes('"allow":["')) throw new Error(`${name} gave ${answer}`);
  const rounds: Round[] = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    rounds.push({ native: await measureNative(), ours: measurePerSecond(once, roundMs) });
  }
  return rounds;
}

function renderRow([name = '', ...figures]: readonly string[]): string {
  return name.padEnd(24) + figures.map((figure) => figure.padStart(14)).join('');
}

function format(count: number): string {
  return Math.round(count).toLocaleString('en-US');
}
