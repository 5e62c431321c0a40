import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import {
  type CompiledPolicy,
  createCompiler,
  createEvaluator,
  type EvaluationLimits,
  type EvaluationResult,
  type Evaluator,
} from './index.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = await mkdtemp(join(tmpdir(), 'assent-evaluator-'));
const compiler = createCompiler({ reactor: await builtReactor(), cacheFolder: folder });
afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

// Generous, so that only what is meant to hit a limit does, on however slow a machine.
const limits: EvaluationLimits = { timeoutMs: 20_000, memoryBytes: 16 * 1024 * 1024, inputBytes: 256 * 1024 };

async function compile(rules: string): Promise<CompiledPolicy> {
  const result = await compiler.compile({ 'p.rego': `package approval\n\n${rules}\n` });
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result.errors));
  return result.policy;
}

interface Given {
  input?: unknown;
  data?: unknown;
  limits?: Partial<EvaluationLimits>;
}

function evaluate(evaluator: Evaluator, policy: CompiledPolicy, given: Given = {}): Promise<EvaluationResult> {
  const { input = {}, data = {} } = given;
  const text = JSON.stringify(data);
  return evaluator.evaluate({
    policy,
    data,
    dataDigest: text,
    input: JSON.stringify(input),
    limits: { ...limits, ...given.limits },
  });
}

async function valueFrom(evaluated: Promise<EvaluationResult>): Promise<unknown> {
  const result = await evaluated;
  if (result.kind === 'error') throw new Error(`${result.code}: ${result.message}`);
  return result.value;
}

let accuracy: CompiledPolicy;
let endless: CompiledPolicy;
// Four nested loops over 300 strings would take minutes, and allocate nothing.
const manyStrings = { xs: Array.from({ length: 300 }, (_, at) => `x${at}`) };

beforeAll(async () => {
  accuracy = await compile(
    'allow contains $"accuracy {input.accuracy} is above {data.threshold}" if input.accuracy > data.threshold',
  );
  endless = await compile(
    'deny contains "never" if { a = input.xs[_]; b = input.xs[_]; c = input.xs[_]; d = input.xs[_]; d == "no"; a == b; b == c }',
  );
});

describe('a value', () => {
  test('is the document approval, its sets as arrays', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile(`
allow contains "good" if input.good
deny contains message if some message in input.faults
warn contains "old"
require contains {"approvers": ["group:risk"], "count": 2, "reason": "credit"} if input.credit
_unused := 1 if false`);
    const input = { good: true, faults: ['b', 'a'], credit: true };
    expect(await valueFrom(evaluate(evaluator, policy, { input }))).toEqual({
      allow: ['good'],
      deny: expect.toSatisfy((deny: string[]) => deny.toSorted().join() === 'a,b'),
      warn: ['old'],
      require: [{ approvers: ['group:risk'], count: 2, reason: 'credit' }],
    });
  });

  test('is an empty object where no rule is defined', async () => {
    await using evaluator = createEvaluator();
    expect(await valueFrom(evaluate(evaluator, await compile('half(x) := x / 2')))).toEqual({});
    expect(await valueFrom(evaluate(evaluator, await compile('answer := 42 if false')))).toEqual({});
  });

  test('depends on data, and on data alone where the input is the same', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const thresholds = [0.9, 0.95, 0.9, 0.95];
    const values = await Promise.all(
      thresholds.map((threshold) =>
        valueFrom(evaluate(evaluator, accuracy, { input: { accuracy: 0.93 }, data: { threshold } })),
      ),
    );
    const allowed = { allow: ['accuracy 0.93 is above 0.9'] };
    expect(values).toEqual([allowed, { allow: [] }, allowed, { allow: [] }]);
  });

  test('holds nothing of an earlier evaluation', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const policy = await compile('deny contains name if some name in input.names\n\ncounted := count(input.names)');
    const inputs = [{ names: ['secret', 'x'.repeat(10_000)] }, {}, { names: [] }, { names: ['a'] }];
    const values = await Promise.all(inputs.map((input) => valueFrom(evaluate(evaluator, policy, { input }))));
    expect(values[1]).toEqual({ deny: [] });
    expect(values[2]).toEqual({ deny: [], counted: 0 });
    expect(values[3]).toEqual({ deny: ['a'], counted: 1 });
  });

  test('keeps text beyond ASCII, and integers beyond those of JavaScript inside the policy', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile(`
echo := input.text
since := sprintf("%d", [time.parse_rfc3339_ns("2026-01-02T03:04:05.123456789Z") - 1])`);
    expect(await valueFrom(evaluate(evaluator, policy, { input: { text: 'é😀\u0000"' } }))).toEqual({
      echo: 'é😀\u0000"',
      since: '1767323045123456788',
    });
  });

  test('an erring builtin is undefined, and so is what is built on it', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile(`
deny contains "not a time" if not time.parse_rfc3339_ns(input.when)
allow contains sprintf("%v", [time.parse_rfc3339_ns(input.when)])`);
    expect(await valueFrom(evaluate(evaluator, policy, { input: { when: 'soon' } }))).toEqual({
      allow: [],
      deny: ['not a time'],
    });
  });

  test('text that is not UTF-8 keeps its bytes on the way to a builtin, and is an error where one gives it', async () => {
    await using evaluator = createEvaluator();
    const equal = await compile('same := crypto.hmac.equal(base64.decode(input.a), base64.decode(input.b))');
    expect(await valueFrom(evaluate(evaluator, equal, { input: { a: '/w==', b: '/w==' } }))).toEqual({ same: true });
    expect(await valueFrom(evaluate(evaluator, equal, { input: { a: '/w==', b: '/g==' } }))).toEqual({ same: false });
    const decoding = await compile('allow contains "x" if not hex.decode(input.hex) == "a"');
    expect(await evaluate(evaluator, decoding, { input: { hex: 'ff' } })).toMatchObject({
      kind: 'error',
      code: 'policy',
      message: 'hex.decode gave a text that is not UTF-8',
    });
  });

  test('sprintf prints null', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile('deny contains sprintf("champion %v, %s", [input.champion, input.stage])');
    const input = { champion: null, stage: 'Production' };
    expect(await valueFrom(evaluate(evaluator, policy, { input }))).toEqual({ deny: ['champion null, Production'] });
  });
});

describe('an error', () => {
  test('conflicting rules are the policy’s error, with their place', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile('level := 1 if input.a\n\nlevel := 2 if input.b');
    expect(await evaluate(evaluator, policy, { input: { a: true, b: true } })).toMatchObject({
      kind: 'error',
      code: 'policy',
      message: expect.stringContaining('p.rego:5:1'),
    });
    expect(await valueFrom(evaluate(evaluator, policy, { input: { a: true } }))).toEqual({ level: 1 });
  });

  test('an input beyond its limit is not evaluated', async () => {
    await using evaluator = createEvaluator();
    const given = { input: 'é'.repeat(60), limits: { inputBytes: 121 } };
    expect(await evaluate(evaluator, accuracy, given)).toMatchObject({ kind: 'error', code: 'input-too-large' });
    expect(await evaluate(evaluator, accuracy, { ...given, limits: { inputBytes: 122 } })).toMatchObject({
      kind: 'value',
    });
  });

  test.each(['', '{"accuracy":', '{a: 1}', 'undefined'])(
    'an input %j that is not JSON is no missing input',
    async (input) => {
      await using evaluator = createEvaluator();
      const policy = await compile('allow contains "nothing against it" if not input.fault');
      const result = await evaluator.evaluate({ policy, data: {}, dataDigest: 'none', input, limits });
      expect(result).toMatchObject({ kind: 'error', code: 'internal' });
    },
  );

  test('an input nested without end is an error, and the next evaluation has its value', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const request = { policy: accuracy, data: { threshold: 0 }, dataDigest: 'zero', limits };
    expect(await evaluator.evaluate({ ...request, input: deep })).toMatchObject({ kind: 'error', code: 'policy' });
    expect(await valueFrom(evaluator.evaluate({ ...request, input: '{"accuracy":1}' }))).toEqual({
      allow: ['accuracy 1 is above 0'],
    });
  });

  test('a policy that eats memory is stopped at its limit, and the next evaluation has its value', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const policy = await compile(
      'names := {concat("", ["name of ", format_int(i, 10)]) | some i in numbers.range(1, input.count)}',
    );
    expect(await evaluate(evaluator, policy, { input: { count: 10_000_000 } })).toMatchObject({
      kind: 'error',
      code: 'memory',
    });
    expect(await valueFrom(evaluate(evaluator, policy, { input: { count: 1 } }))).toEqual({ names: ['name of 1'] });
  });

  test('what earlier evaluations left takes no memory from another', async () => {
    const policy = await compile(
      'names := [concat(" ", ["name of", format_int(i, 10)]) | some i in numbers.range(1, input.count)]',
    );
    const given = (count: number) => ({ input: { count }, limits: { memoryBytes: 2 * 1024 * 1024 } });
    const counts = Array.from({ length: 6 }, (_, at) => 1_000 + at * 1_000);
    await using worn = createEvaluator({ threads: 1 });
    const answers = { worn: new Map<number, string>(), fresh: new Map<number, string>() };
    for (const count of counts) {
      await using fresh = createEvaluator({ threads: 1 });
      answers.fresh.set(count, (await evaluate(fresh, policy, given(count))).kind);
      for (let small = 0; small < 30; small++) await evaluate(worn, policy, given(40));
      answers.worn.set(count, (await evaluate(worn, policy, given(count))).kind);
    }
    expect(answers.worn).toEqual(answers.fresh);
    expect(new Set(answers.fresh.values())).toEqual(new Set(['value', 'error']));
  });

  test('a regular expression is the same the second time, and so is another', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const policy = await compile('matches := [p | some p in input.patterns; regex.match(p, input.text)]');
    for (let round = 0; round < 300; round++) {
      const patterns = [`^v${round}$`, `^v${round + 1}$`, '^v[0-9]+$'];
      const value = await valueFrom(evaluate(evaluator, policy, { input: { patterns, text: `v${round}` } }));
      expect(value).toEqual({ matches: [`^v${round}$`, '^v[0-9]+$'] });
    }
  });

  test('data beyond the memory limit is a memory error', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const given = { data: { pad: 'x'.repeat(2 * 1024 * 1024) }, limits: { memoryBytes: 1024 * 1024 } };
    expect(await evaluate(evaluator, accuracy, given)).toMatchObject({ kind: 'error', code: 'memory' });
  });

  test('a result too large to pass on is an error', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const policy = await compile('pads := [input.pad | some _ in numbers.range(1, 20)]');
    expect(await evaluate(evaluator, policy, { input: { pad: 'x'.repeat(100_000) } })).toMatchObject({
      kind: 'error',
      code: 'result-too-large',
    });
  });

  test('a module that calls a builtin which is not there is an error, not undefined', async () => {
    await using evaluator = createEvaluator();
    const policy = await compile('allow contains "x" if semver.is_valid(input.version)');
    // Another name of the same length, as a module of another compiler would have it.
    const wasm = Buffer.from(
      Buffer.from(policy.wasm).toString('latin1').replaceAll('semver.is_valid', 'semver.is_vague'),
      'latin1',
    );
    const foreign = { ...policy, digest: 'foreign', wasm: Uint8Array.from(wasm) };
    expect(await evaluate(evaluator, foreign)).toMatchObject({
      kind: 'error',
      code: 'builtin',
      message: expect.stringContaining('semver.is_vague'),
    });
  });

  test('a module that is no WebAssembly is an error', async () => {
    await using evaluator = createEvaluator();
    const broken = { ...accuracy, digest: 'broken', wasm: Uint8Array.from([1, 2, 3]) };
    expect(await evaluate(evaluator, broken)).toMatchObject({ kind: 'error', code: 'internal' });
  });

  test('data that are nested without end are an error, and nobody else is held up', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    let deep: unknown = 'x';
    for (let depth = 0; depth < 50_000; depth++) deep = [deep];
    const [broken, sound] = await Promise.all([
      evaluator.evaluate({ policy: accuracy, data: { deep }, dataDigest: 'deep', input: '{}', limits }),
      evaluate(evaluator, accuracy),
    ]);
    expect(broken).toMatchObject({ kind: 'error', message: expect.stringContaining('data cannot be read') });
    expect(sound).toMatchObject({ kind: 'value' });
  });

  test('an evaluator that is closed answers with an error, also what was under way', async () => {
    const evaluator = createEvaluator();
    const underway = evaluate(evaluator, endless, { input: manyStrings });
    await Promise.resolve();
    await evaluator[Symbol.asyncDispose]();
    expect(await underway).toMatchObject({ kind: 'error', code: 'internal' });
    expect(await evaluate(evaluator, accuracy)).toMatchObject({ kind: 'error', code: 'internal' });
  });
});

describe('a deadline', () => {
  test('ends an endless evaluation soon, while a hundred others have their values', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    // Both policies are loaded, and the spare worker is up, before time counts.
    await evaluate(evaluator, accuracy, { data: { threshold: 0.5 } });
    const timeoutMs = 500;
    const startedMs = performance.now();
    const looping = evaluate(evaluator, endless, { input: manyStrings, limits: { timeoutMs } });
    const others = Array.from({ length: 100 }, (_, at) =>
      evaluate(evaluator, accuracy, { input: { accuracy: at / 100 }, data: { threshold: 0.5 } }),
    );
    const result = await looping;
    const tookMs = performance.now() - startedMs;

    expect(result).toMatchObject({ kind: 'error', code: 'timeout' });
    expect(result.evaluationMicroseconds).toBeGreaterThanOrEqual(timeoutMs * 1000);
    expect(tookMs).toBeLessThan(timeoutMs + 5_000);
    const values = await Promise.all(others.map(valueFrom));
    expect(values.filter((value) => JSON.stringify(value).includes('is above'))).toHaveLength(49);
  });

  test('holds for each evaluation of a batch: none pays for the one before it', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const given = { input: manyStrings, limits: { timeoutMs: 100 } };
    const results = await Promise.all(Array.from({ length: 5 }, () => evaluate(evaluator, endless, given)));
    for (const result of results) {
      expect(result).toMatchObject({ kind: 'error', code: 'timeout' });
      expect(result.evaluationMicroseconds).toBeGreaterThanOrEqual(100_000);
    }
  });

  test('a policy with many endless evaluations does not hold up another policy', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    let looped = 0;
    const given = { input: manyStrings, limits: { timeoutMs: 200 } };
    for (let count = 0; count < 20; count++) void evaluate(evaluator, endless, given).then(() => looped++);
    await Promise.all(
      Array.from({ length: 100 }, () =>
        valueFrom(evaluate(evaluator, accuracy, { input: { accuracy: 1 }, data: { threshold: 0 } })),
      ),
    );
    // In one line behind them, it would have been all twenty.
    expect(looped).toBeLessThan(20);
  });

  test('a policy that is slow and always ends before its deadline has its values, and holds up no other', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const quick = { input: { accuracy: 1 }, data: { threshold: 0 } };
    await evaluate(evaluator, accuracy, quick);
    // Some 0.3 s: more than an evaluation may take of the thread that all share.
    const strings = { xs: manyStrings.xs.slice(0, 80) };
    let slow = 0;
    const evaluations = Array.from({ length: 10 }, async () => {
      const result = await evaluate(evaluator, endless, { input: strings });
      slow++;
      return result;
    });
    for (let count = 0; count < 30; count++) await valueFrom(evaluate(evaluator, accuracy, quick));
    // One after the other: in one line with the slow ones, each would wait for one of them.
    expect(slow).toBeLessThan(10);
    for (const result of await Promise.all(evaluations))
      expect(result).toMatchObject({ kind: 'value', value: { deny: [] } });
  });

  test('a short deadline behind a long one is kept', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    await evaluate(evaluator, accuracy);
    const long = evaluate(evaluator, accuracy, { limits: { timeoutMs: 60_000 } });
    const short = evaluate(evaluator, endless, { input: manyStrings, limits: { timeoutMs: 50 } });
    expect(await long).toMatchObject({ kind: 'value' });
    const result = await short;
    expect(result).toMatchObject({ kind: 'error', code: 'timeout' });
    expect(result.evaluationMicroseconds).toBeLessThan(5_000_000);
  });
});

test('a thousand policies and data are evaluated though no worker keeps that many', async () => {
  await using evaluator = createEvaluator({ threads: 2 });
  const values = await Promise.all(
    Array.from({ length: 1_000 }, (_, at) =>
      valueFrom(evaluate(evaluator, accuracy, { input: { accuracy: 1 }, data: { threshold: at / 1_000 } })),
    ),
  );
  expect(values).toEqual(values.map((_, at) => ({ allow: [`accuracy 1 is above ${at / 1_000}`] })));
});

test('policies with much data are evaluated again and again in bounded memory', async () => {
  await using evaluator = createEvaluator({ threads: 1 });
  const table = Array.from({ length: 12_000 }, (_, at) => ({ key: `key${at}`, value: at }));
  const before = process.memoryUsage.rss();
  for (let round = 0; round < 2; round++) {
    for (let at = 0; at < 48; at++) {
      const given = { input: { accuracy: 1 }, data: { threshold: at / 48, table } };
      expect(await valueFrom(evaluate(evaluator, accuracy, given))).toEqual({
        allow: [`accuracy 1 is above ${at / 48}`],
      });
    }
  }
  expect(process.memoryUsage.rss() - before).toBeLessThan(300 * 1024 * 1024);
});
