import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import { createCompiler, createEvaluator } from './index.ts';

vi.setConfig({ testTimeout: 60_000 });

const compiler = createCompiler({
  reactor: await builtReactor(),
  cacheFolder: join(tmpdir(), 'assent-test-cache'),
});
const evaluator = createEvaluator({ threads: 1 });
afterAll(() => Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]));

const limits = { timeoutMs: 20_000, memoryBytes: 16 * 1024 * 1024, inputBytes: 64 * 1024 };

/** @returns a line for each place that was passed: the expression that comes next, and its terms with their values. */
async function trace(rules: string, input: unknown): Promise<{ value: unknown; passed: readonly string[] }> {
  const instrumented = await compiler.instrument({ 'p.rego': `package approval\n\n${rules}\n` });
  if (instrumented.kind === 'failed') throw new Error(JSON.stringify(instrumented.errors));
  const { policy, sites } = instrumented;
  const request = { policy, data: {}, dataDigest: '', input: JSON.stringify(input), limits };
  const result = await evaluator.evaluate(request);
  if (result.kind === 'error') throw new Error(result.message);
  const passed = (result.trace ?? []).map(({ site, count, values }) => {
    const expression = sites[site]?.expression;
    if (!expression) return `end ×${count}`;
    const read = expression.terms.map((term, index) => `${term} = ${values[index]}`);
    return `${expression.text} ×${count}: ${read.join(', ')}`;
  });
  return { value: result.value, passed };
}

test('an evaluation tells how far each rule came, and from which values', async () => {
  const rules = 'allow contains "ok" if {\n\tinput.a > input.b\n\tnot input.c\n\tinput.d == {"x": input.a}\n}';
  const { value, passed } = await trace(rules, { a: 2, b: 1, d: null });
  expect(value).toEqual({ allow: [] });
  expect(passed).toEqual([
    'input.a > input.b ×1: input.a = 2, input.b = 1',
    'not input.c ×1: input.c = null',
    'input.d == {"x": input.a} ×1: input.d = null, {"x": input.a} = {"x":2}, input.a = 2',
  ]);
});

test('a variable is told once it is bound', async () => {
  const rules = 'deny contains m if {\n\tsome m, value in input.metrics\n\tvalue < input.least[m]\n}';
  const { value, passed } = await trace(rules, { metrics: { a: 1 }, least: { a: 2 } });
  expect(value).toEqual({ deny: ['a'] });
  expect(passed).toEqual([
    'some m, value in input.metrics ×1: input.metrics = {"a":1}',
    'value < input.least[m] ×1: value = 1, input.least[m] = 2',
    'end ×1',
  ]);
});

test('functions, else and every decide as they do without it', async () => {
  const rules = `grade(x) := "a" if x > 10
else := "b" if x > 5

allow contains g if {
	every x in input.xs { x > 0 }
	g := grade(input.x)
}`;
  expect((await trace(rules, { x: 7, xs: [1, 2] })).value).toEqual({ allow: ['b'] });
  expect((await trace(rules, { x: 17, xs: [1, 2] })).value).toEqual({ allow: ['a'] });
  expect((await trace(rules, { x: 17, xs: [0] })).value).toEqual({ allow: [] });
});

test('no policy can call the builtin by itself', async () => {
  const compiled = await compiler.compile({
    'p.rego': 'package approval\n\nallow contains "x" if assent.trace(1, [])\n',
  });
  expect(compiled).toMatchObject({ kind: 'failed', errors: [{ message: 'undefined function assent.trace' }] });
});
