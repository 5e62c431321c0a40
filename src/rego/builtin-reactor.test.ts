import { createHmac } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test, vi } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import {
  type CompiledPolicy,
  createCompiler,
  createEvaluator,
  type EvaluationLimits,
  type Evaluator,
} from './index.ts';

vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

const folder = await mkdtemp(join(tmpdir(), 'assent-reactor-'));
const reactor = await builtReactor();
const compiler = createCompiler({ reactor, cacheFolder: folder });
const shared = createEvaluator({ reactor, threads: 1 });
afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await shared[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

const limits: EvaluationLimits = { timeoutMs: 20_000, memoryBytes: 64 * 1024 * 1024, inputBytes: 8 * 1024 * 1024 };

async function compile(rules: string): Promise<CompiledPolicy> {
  const result = await compiler.compile({ 'p.rego': `package approval\n\n${rules}\n` });
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result.errors));
  return result.policy;
}

function evaluate(evaluator: Evaluator, policy: CompiledPolicy, input: unknown, timeoutMs = limits.timeoutMs) {
  const request = { policy, data: {}, dataDigest: 'none', input: JSON.stringify(input) };
  return evaluator.evaluate({ ...request, limits: { ...limits, timeoutMs } });
}

describe("OPA's own builtins", () => {
  test('are evaluated, and what errs is undefined', async () => {
    const policy = await compile(`
patched := json.patch(input.document, [{"op": "add", "path": "/b", "value": 2}])
bytes := units.parse_bytes(input.size)
`);
    expect(await evaluate(shared, policy, { document: { a: 1 }, size: '2KiB' })).toMatchObject({
      value: { patched: { a: 1, b: 2 }, bytes: 2048 },
    });
    expect(await evaluate(shared, policy, { document: { a: 1 }, size: 'large' })).toMatchObject({
      value: { patched: { a: 1, b: 2 } },
    });
  });

  test('take and give sets, objects with any keys, exact numbers, and text that is not UTF-8', async () => {
    const policy = await compile(`
subset := object.subset({{1}: {"a", "b"}, [2]: null}, {{1}: {"a"}})
merged contains cidr if some cidr in net.cidr_merge({"192.0.2.0/25", "192.0.2.128/25"})
exact := json.patch({}, [{"op": "add", "path": "n", "value": 12345678901234567890123}]).n == 12345678901234567890123
raw := urlquery.encode(base64.decode("/w=="))
text := urlquery.decode("%E2%82%AC%00%0A%22")
`);
    expect(await evaluate(shared, policy, {})).toMatchObject({
      value: { subset: true, merged: ['192.0.2.0/24'], exact: true, raw: '%FF', text: '€\u0000\n"' },
    });
  });

  test('know no time but the now of the decision', async () => {
    const policy = await compile(`
valid := result[0] if {
	result := io.jwt.decode_verify(input.token, {"secret": "s3cret", "alg": "HS256"})
}
chain := crypto.x509.parse_and_verify_certificates("none")
`);
    const token = signToken({ exp: Date.parse('2026-01-02T00:00:00Z') / 1000 }, 's3cret');
    const valueAt = (now?: string) => evaluate(shared, policy, { token, now });
    expect(await valueAt('2026-01-01T00:00:00Z')).toMatchObject({ value: { valid: true, chain: [false, []] } });
    expect(await valueAt('2026-01-03T00:00:00Z')).toMatchObject({ value: { valid: false } });
    expect(await valueAt()).toMatchObject({ kind: 'value', value: {} });
    expect(await valueAt('soon')).toMatchObject({ kind: 'value', value: {} });
  });

  test('take time in proportion to the text where a pattern would have others backtrack without end', async () => {
    const policy = await compile('replaced := regex.replace(input.text, "^(a+)+$", "b")');
    const text = `${'a'.repeat(50_000)}!`;
    expect(await evaluate(shared, policy, { text })).toMatchObject({ value: { replaced: text } });
  });

  test('are read only for a policy that calls one', async () => {
    await using evaluator = createEvaluator({ reactor: join(folder, 'missing.wasm') });
    const plain = await compile('allow contains sprintf("%d", [1])');
    expect(await evaluate(evaluator, plain, {})).toMatchObject({ value: { allow: ['1'] } });
    const calling = await compile('allow contains uuid.parse("x") if true\ndeny contains "x"');
    expect(await evaluate(evaluator, calling, {})).toMatchObject({
      kind: 'error',
      code: 'internal',
      message: expect.stringContaining('missing.wasm'),
    });
  });

  test('are an error, not undefined, where the evaluator was given no reactor', async () => {
    await using evaluator = createEvaluator({ threads: 1 });
    const policy = await compile('deny contains "bad" if not units.parse(input.size)');
    expect(await evaluate(evaluator, policy, { size: '1' })).toMatchObject({ kind: 'error', code: 'builtin' });
  });
});

describe('a hostile call', () => {
  test('that needs too much memory is a memory error, and the next evaluations have their values', async () => {
    await using evaluator = createEvaluator({ reactor, threads: 1 });
    const policy = await compile('n := count(regex.replace(input.text, "a", input.by))');
    const bomb = { text: 'a'.repeat(1_000_000), by: 'b'.repeat(1_000) };
    const results = await Promise.all(
      [{ text: 'aa', by: 'bb' }, bomb, { text: 'a', by: 'bb' }].map((input) => evaluate(evaluator, policy, input)),
    );
    expect(results).toMatchObject([
      { value: { n: 4 } },
      { kind: 'error', code: 'memory', message: expect.stringContaining('regex.replace') },
      { value: { n: 2 } },
    ]);
  });

  test('that does not end loses its worker at the deadline, and the next evaluation has its value', async () => {
    await using evaluator = createEvaluator({ reactor, threads: 1 });
    const policy = await compile('n := count(graph.reachable_paths(input.graph, {"0"}))');
    const complete = (size: number) => {
      const names = Array.from({ length: size }, (_, at) => String(at));
      return Object.fromEntries(names.map((name) => [name, names.filter((other) => other !== name)]));
    };
    expect(await evaluate(evaluator, policy, { graph: complete(4) })).toMatchObject({ kind: 'value' });
    expect(await evaluate(evaluator, policy, { graph: complete(14) }, 200)).toMatchObject({ code: 'timeout' });
    expect(await evaluate(evaluator, policy, { graph: complete(4) })).toMatchObject({ kind: 'value' });
  });

  test('nested without end is an error', async () => {
    await using evaluator = createEvaluator({ reactor, threads: 1 });
    const policy = await compile('same := json.patch(json.unmarshal(input.text), [])');
    const text = `${'['.repeat(20_000)}${']'.repeat(20_000)}`;
    expect(await evaluate(evaluator, policy, { text })).toMatchObject({ kind: 'error' });
    expect(await evaluate(evaluator, policy, { text: '[1]' })).toMatchObject({ value: { same: [1] } });
  });
});

function signToken(claims: object, secret: string): string {
  const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}
