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

/** Every form of rule, head and expression that Rego has. */
const EVERYTHING = `package approval

import data.limits as lim
import input.modelVersion.spec as spec

default size := 0
size := count(spec.metrics)

default f(_) := "none"
f(x) := "big" if x > 10
f(x) := "small" if { x <= 10; x > 0 }

g([a, b], {"k": c}) := r if { r := a + b + c }

h("x") := 1
h("y") := 2

by_name[k] := v if some k, v in spec.metrics
nested.a.b := spec.metrics.accuracy if spec.metrics.accuracy > 0
nested.c[x] := true if some x in ["p", "q"]

labels contains l if { some i; l := input.arr[i]; i > 0 }

all_good if every k, v in spec.metrics { v > 0; k != "" }

comp := {k: v | some k, v in spec.metrics; v > 0.5}

unify if { [a, b] = [1, 2]; a < b }
unify2(x) if { x = y; y > 1 }

withs if size > 1 with input as {"modelVersion": {"spec": {"metrics": {"a": 1, "b": 2}}}}

grade := "a" if spec.metrics.accuracy > 0.9
else := "b" if { spec.metrics.accuracy > 0.5 } else := "c"

neg if not spec.metrics.none
neg2 if { not f(3) == "big"; not unify2(0) }

allow contains $"ok {f(20)} {g([1, 2], {"k": 3})} {h("x")}" if {
	all_good
	unify
	withs
	neg
	neg2
	unify2(3)
	is_string(grade)
	some m
	spec.metrics[m] > 0.1
	walk(spec, [path, value])
	value == "Production"
	x := {y | y := spec.metrics[_]}
	count(x) > 0
	"a" in {"a", "b"}
	startswith(lower(spec.stage), "prod")
	count([z | some z in [1, 2, 3]; z > 1]) == 2
	sum([1, 2]) * 2 - 1 >= 5
	spec.metrics.accuracy >= lim.min
	regex.match("^P", spec.stage)
}

require contains {"reason": sprintf("%v", [comp])} if { comp[k] > 0.5; k == "accuracy" }

deny contains msg if { msg := "never"; false }

warn contains msg if {
	some i, e in [{"a": 1}, {"a": 2}]
	e.a == i + 1
	msg := sprintf("%d", [i])
}

warn contains x if { some x in {"u", "w"} }
`;

test('whatever a policy is written with, it decides the same', async () => {
  const modules = { 'p.rego': EVERYTHING };
  const [plain, instrumented] = await Promise.all([compiler.compile(modules), compiler.instrument(modules)]);
  if (plain.kind === 'failed' || instrumented.kind === 'failed') throw new Error(JSON.stringify([plain, instrumented]));
  for (const metrics of [
    {},
    { accuracy: 0.3 },
    { accuracy: 0.7 },
    { accuracy: 0.95, auc: 0.7 },
    { accuracy: 0.95, none: 0 },
  ]) {
    const input = JSON.stringify({ arr: ['x', 'y', 'z'], modelVersion: { spec: { stage: 'Production', metrics } } });
    const request = { data: { limits: { min: 0.9 } }, dataDigest: 'limits', input, limits };
    const [expected, found] = await Promise.all([
      evaluator.evaluate({ ...request, policy: plain.policy }),
      evaluator.evaluate({ ...request, policy: instrumented.policy }),
    ]);
    const valueIn = (result: typeof expected) => (result.kind === 'value' ? sorted(result.value) : result);
    expect(valueIn(found)).toEqual(valueIn(expected));
    expect(found).toMatchObject({ kind: 'value', trace: expect.any(Array) });
  }
});

/** A set comes in an order of its own. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map((item) => JSON.stringify(sorted(item))).toSorted();
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, sorted(item)]));
}

test('no policy can call the builtin by itself', async () => {
  const compiled = await compiler.compile({
    'p.rego': 'package approval\n\nallow contains "x" if assent.trace(1, [])\n',
  });
  expect(compiled).toMatchObject({ kind: 'failed', errors: [{ message: 'undefined function assent.trace' }] });
});
