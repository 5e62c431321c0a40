import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import type { CompiledPolicy } from './compile-result.ts';
import { type Compiler, createCompiler } from './compiler.ts';
import { createEvaluator } from './evaluator.ts';
import { findForbidden } from './find-forbidden.ts';
import { inspectModule } from './inspect-module.ts';

const SOURCE = 'package approval\n\nallow contains sprintf("above %v", [data.least]) if input.x > data.least\n';

let cacheFolder: string;
let compiler: Compiler;
let wasm: Buffer;

beforeAll(async () => {
  cacheFolder = await mkdtemp(join(tmpdir(), 'assent-inspect-'));
  compiler = createCompiler({ reactor: await builtReactor(), cacheFolder });
  const compiled = await compiler.compile({ 'p.rego': SOURCE });
  if (compiled.kind === 'failed') throw new Error(JSON.stringify(compiled));
  wasm = Buffer.from(compiled.policy.wasm);
});
afterAll(async () => {
  await compiler?.[Symbol.asyncDispose]();
  await rm(cacheFolder, { recursive: true, force: true });
});

const LIMITS = { timeoutMs: 1000, memoryBytes: 2 ** 24, inputBytes: 2 ** 10 };
const refused = (why: string) => ({ kind: 'refused', why: expect.stringContaining(why) });
/** LEB128. */
const leb = (value: number): number[] =>
  value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(Math.floor(value / 0x80))];
/** A module of these sections: `[id, …body]` each. */
const moduleOf = (...sections: readonly (readonly number[])[]): Buffer =>
  Buffer.from([
    ...Buffer.from('\0asm\x01\0\0\0'),
    ...sections.flatMap(([id = 0, ...body]) => [id, body.length, ...body]),
  ]);
const EMPTY_FUNCTION_TYPE = [1, 1, 0x60, 0, 0];
const renamed = (from: string, to: string): Buffer =>
  Buffer.from(wasm.toString('latin1').replaceAll(from, to), 'latin1');

async function decide(policy: CompiledPolicy): Promise<unknown> {
  await using evaluator = createEvaluator({ threads: 1 });
  return await evaluator.evaluate({ policy, data: policy.data, dataDigest: '', input: '{"x":3}', limits: LIMITS });
}

describe('a compiled module', () => {
  it('of OPA fits, and is evaluated as it is', async () => {
    expect(await inspectModule(wasm, 'approval')).toEqual({ kind: 'fits', builtins: ['sprintf'] });
    const adopted = await compiler.adopt(wasm, { data: { least: 2 } });
    if (adopted.kind === 'failed') throw new Error(JSON.stringify(adopted));
    expect(adopted.policy).toMatchObject({ reads: ['data', 'input'], data: { least: 2 } });
    expect(await decide(adopted.policy)).toMatchObject({ kind: 'value', value: { allow: ['above 2'] } });
    expect(await compiler.load(adopted.policy.digest)).toEqual({ ...adopted.policy, wasm: new Uint8Array(wasm) });
  });

  it('has another digest with other data, which is kept with it', async () => {
    const [none, two, three] = await Promise.all(
      [{}, { least: 2 }, { least: 3 }].map((data) => compiler.compile({ 'p.rego': SOURCE }, { data })),
    );
    const digests = [none, two, three].map((result) => result?.kind === 'compiled' && result.policy.digest);
    expect(new Set(digests).size).toBe(3);
    expect(await compiler.load(String(digests[2]))).toMatchObject({ data: { least: 3 } });
  });

  it('that calls what no policy may call is refused', async () => {
    expect(await inspectModule(renamed('sprintf', 'htsend_'), 'approval')).toEqual(refused('it calls htsend_'));
  });

  it('of another entrypoint is refused', async () => {
    expect(await inspectModule(renamed('approval', 'approvak'), 'approval')).toEqual(
      refused('first entrypoint is approvak'),
    );
  });

  it('with a memory of its own, which nothing would bound, is refused', async () => {
    const memory = [5, 1, 0, 1];
    expect(await inspectModule(moduleOf(memory), 'approval')).toEqual(refused('a memory of its own'));
  });

  it.each([
    ['a table of ten million entries', [4, 1, 0x70, 1, ...leb(1), ...leb(10_000_000)]],
    ['a table without a maximum', [4, 1, 0x70, 0, 1]],
    ['twenty tables', [4, 20, ...Array.from({ length: 20 }, () => [0x70, 1, 1, 1]).flat()]],
    ['an array type of the garbage collector', [1, 1, 0x5e, 0x7f, 1]],
    ['a function of references', [1, 1, 0x60, 1, 0x6f, 0]],
    ['a type section that lies about its length', [1, ...leb(1_000), 0x60]],
    ['exceptions', [13, 1, 0, 0]],
    ['more functions than a policy has', [3, ...leb(100_000)]],
  ])('with %s is refused before it is compiled: it could end the process', (_, section) => {
    expect(findForbidden(moduleOf(section))).toEqual(expect.any(String));
  });

  it('that never ends as soon as it is loaded is refused at a deadline', async () => {
    const loop = [10, 1, 7, 0, 0x03, 0x40, 0x0c, 0, 0x0b, 0x0b];
    const endless = moduleOf(EMPTY_FUNCTION_TYPE, [3, 1, 0], [8, 0], loop);
    expect(await inspectModule(endless, 'approval')).toEqual(refused('did not say within'));
  }, 20_000);

  it('that imports something else, lacks the ABI, or is no module is refused', async () => {
    const text = (name: string) => [name.length, ...Buffer.from(name)];
    const foreign = moduleOf(EMPTY_FUNCTION_TYPE, [2, 1, ...text('wasi'), ...text('open'), 0, 0]);
    expect(await inspectModule(foreign, 'approval')).toEqual(refused('imports wasi.open'));
    expect(await inspectModule(moduleOf(), 'approval')).toEqual(refused("lacks opa_wasm_abi_version of OPA's ABI"));
    expect(await inspectModule(Buffer.from('package approval'), 'approval')).toMatchObject({ kind: 'refused' });
    expect(await compiler.adopt(Buffer.alloc(0))).toMatchObject({
      kind: 'failed',
      errors: [{ code: 'module_refused' }],
    });
  });
});
