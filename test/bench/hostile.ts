// Hostile policies and bundles, each under the limits of an ordinary policy: when it is cut, how another policy fares
// meanwhile, and what memory is left behind.
//
//   node src/dev/bootstrap.mjs test/bench/hostile.ts
//
// A process of its own, so that its memory is theirs. Ends with 1 where one is not cut in time, or memory stays.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { ensureCompiler } from '../../src/dev/index.ts';
import { readArchive } from '../../src/distribution/index.ts';
import { type CompiledPolicy, createCompiler, createEvaluator, type Evaluator } from '../../src/rego/index.ts';
import { quantile } from './statistics.ts';

interface Hostile {
  readonly what: string;
  readonly rego: string;
  readonly input?: unknown;
  readonly data?: unknown;
}

const limits = { timeoutMs: 100, memoryBytes: 16 * 2 ** 20, inputBytes: 256 * 2 ** 10 };
/** From the deadline until the worker is gone and the result is there. */
const GRACE_MS = 50;
const KEPT_MIB = 40;
const GIBIBYTE = 2 ** 30;

const doublings = Array.from({ length: 27 }, (_, at) => `s${at + 1} := concat("", [s${at}, s${at}])`).join('\n');

const HOSTILE: readonly Hostile[] = [
  {
    what: 'endless loop',
    rego: 'r := numbers.range(1, 1000)\n\nallow contains "x" if {\n\tsome a in r\n\tsome b in r\n\tsome c in r\n\ta > b\n\tb > c\n\tc > a\n}',
  },
  {
    what: 'exponential comprehension',
    rego: 'r := numbers.range(1, 60)\n\nall := {[a, b, c, d, e] | some a in r; some b in r; some c in r; some d in r; some e in r}\n\nallow contains "x" if count(all) > 0',
  },
  { what: '1 GB string', rego: `s0 := "12345678"\n\n${doublings}\n\nallow contains "x" if count(s27) > 0` },
  { what: 'array of 100 million numbers', rego: 'allow contains "x" if count(numbers.range(1, 100000000)) > 7' },
  {
    what: 'ReDoS pattern on 200 KB',
    rego: 'allow contains "x" if regex.match("^(a+)+$", input.text)',
    input: { text: `${'a'.repeat(200_000)}!` },
  },
  {
    what: "ReDoS pattern in OPA's own code",
    rego: 'allow contains "x" if regex.replace(input.text, "^(a|aa)+$", "b") == "b"',
    input: { text: `${'a'.repeat(200_000)}!` },
  },
  {
    what: "text that OPA's own code makes longer",
    rego: 'allow contains "x" if count(regex.replace(input.text, "a", input.by)) > 0',
    input: { text: 'a'.repeat(200_000), by: 'b'.repeat(10_000) },
  },
  {
    what: 'recursion through data of 4,000 levels',
    rego: 'allow contains "x" if count([p | walk(data.deep, [p, _])]) > 0',
    data: { deep: nested(4_000) },
  },
  { what: 'data of 50,000 levels', rego: 'allow contains "x" if data.deep', data: { deep: nested(50_000) } },
];

const folder = await mkdtemp(join(tmpdir(), 'assent-hostile-'));
try {
  await measure();
} finally {
  await rm(folder, { recursive: true });
}

async function measure(): Promise<void> {
  const reactor = await ensureCompiler(console.log);
  await using compiler = createCompiler({ reactor, cacheFolder: join(folder, 'policies') });
  const compile = async (rego: string): Promise<CompiledPolicy> => {
    const result = await compiler.compile({ 'p.rego': `package approval\n\n${rego}\n` });
    if (result.kind === 'failed') throw new Error(JSON.stringify(result.errors));
    return result.policy;
  };
  const good = await compile('allow contains "x" if input.accuracy > 0.9');
  await using evaluator = createEvaluator({ reactor, threads: 1 });
  const rows: string[][] = [];
  await evaluateGood(evaluator, good);
  // OPA's own code stays where a policy has called it once: that is no hostile policy's doing.
  const calling = await compile('allow contains "x" if regex.replace("a", "a", "b") == "b"');
  await evaluator.evaluate({ policy: calling, data: {}, dataDigest: 'none', input: '{}', limits });
  const baseMib = await restingMib();
  for (const hostile of HOSTILE) {
    const policy = await compile(hostile.rego);
    // The first evaluation loads the policy, which has a limit of its own.
    const startedMs = performance.now();
    const input = JSON.stringify(hostile.input ?? {});
    const cut = evaluator.evaluate({ policy, data: hostile.data ?? {}, dataDigest: hostile.what, input, limits });
    const neighbours = await neighbourMs(evaluator, good, cut);
    const result = await cut;
    const tookMs = performance.now() - startedMs;
    const ranMs = result.evaluationMicroseconds / 1_000;
    const grownMib = (await restingMib()) - baseMib;
    if (ranMs > limits.timeoutMs + GRACE_MS || grownMib > KEPT_MIB) process.exitCode = 1;
    rows.push([
      hostile.what,
      result.kind === 'value' ? 'ends by itself' : `cut: ${result.code}`,
      `${ranMs.toFixed(0)} ms`,
      `${tookMs.toFixed(0)} ms`,
      `${quantile(neighbours, 0.5).toFixed(1)} / ${Math.max(...neighbours).toFixed(0)} ms`,
      `${grownMib.toFixed(0)} MiB`,
    ]);
  }
  rows.push(await measureBomb(baseMib));
  console.log(
    '| what | how it ends | it ran | until its result | another policy meanwhile, p50 / most | memory left |',
  );
  console.log('| --- | --- | --- | --- | --- | --- |');
  for (const row of rows) console.log(`| ${row.join(' | ')} |`);
}

async function evaluateGood(evaluator: Evaluator, policy: CompiledPolicy): Promise<void> {
  const result = await evaluator.evaluate({ policy, data: {}, dataDigest: 'none', input: '{"accuracy":0.95}', limits });
  if (result.kind !== 'value') throw new Error(`the other policy is affected: ${result.message}`);
}

/** How long each evaluation of another policy took until the hostile one had ended, and a while longer. */
async function neighbourMs(evaluator: Evaluator, policy: CompiledPolicy, cut: Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  let ended = false;
  void cut.then(() => {
    ended = true;
  });
  do {
    const startedMs = performance.now();
    await evaluateGood(evaluator, policy);
    times.push(performance.now() - startedMs);
    await sleep(2);
  } while (!ended);
  return times;
}

async function measureBomb(baseMib: number): Promise<string[]> {
  const bomb = gzipSync(Buffer.alloc(GIBIBYTE / 4));
  const startedMs = performance.now();
  const refused = await readArchive(bomb).then(
    () => 'read',
    (error: unknown) => (error instanceof Error ? `refused: ${error.message}` : 'refused'),
  );
  const tookMs = performance.now() - startedMs;
  if (refused === 'read') process.exitCode = 1;
  const grownMib = (await restingMib()) - baseMib;
  return [
    'bundle of 256 KB that unpacks to 256 MB',
    refused,
    '',
    `${tookMs.toFixed(0)} ms`,
    '',
    `${grownMib.toFixed(0)} MiB`,
  ];
}

/** Memory comes back with a collection, and with the threads that are gone. */
async function restingMib(): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let look = 0; look < 5; look++) {
    await sleep(100);
    globalThis.gc?.();
    least = Math.min(least, process.memoryUsage.rss());
  }
  return least / 2 ** 20;
}

function nested(levels: number): unknown {
  let value: unknown = 'x';
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}
