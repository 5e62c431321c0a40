import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { builtReactor } from '../built-reactor.ts';
import { type CompiledPolicy, createCompiler, createEvaluator } from '../index.ts';
import { hostBuiltins } from './index.ts';

// Written by native OPA: see compiler/cases.
const casesSchema = z.array(z.object({ expression: z.string(), result: z.string().nullable() }));
const cases = casesSchema.parse(JSON.parse(await readFile(new URL('./cases.json', import.meta.url), 'utf8')));

const folder = await mkdtemp(join(tmpdir(), 'assent-builtins-'));
const reactor = await builtReactor();
const compiler = createCompiler({ reactor, cacheFolder: folder });
const evaluator = createEvaluator({ reactor, threads: 1 });
let policy: CompiledPolicy;

beforeAll(async () => {
  const rules = cases.map(({ expression }, index) => `results["${index}"] := sprintf("%v", [[${expression}]])`);
  const result = await compiler.compile({ 'cases.rego': `package approval\n\n${rules.join('\n')}\n` });
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result.errors, null, 2));
  ({ policy } = result);
}, 120_000);

afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await evaluator[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

test('every builtin gives what native OPA gives, and is undefined where it errs', async () => {
  const limits = { timeoutMs: 30_000, memoryBytes: 64 * 1024 * 1024, inputBytes: 1024 };
  const input = JSON.stringify({ now: '2026-01-01T00:00:00Z' });
  const result = await evaluator.evaluate({ policy, data: {}, dataDigest: 'none', input, limits });
  if (result.kind === 'error') throw new Error(result.message);

  const { results } = z.object({ value: z.object({ results: z.record(z.string(), z.string()) }) }).parse(result).value;
  const given = cases.map(({ expression }, index) => ({ expression, result: results[index] ?? null }));
  expect(given).toEqual(cases);
});

test('every builtin has cases', () => {
  const missing = hostBuiltins.filter((name) => !cases.some(({ expression }) => expression.includes(`${name}(`)));
  expect(missing).toEqual([]);
});
