import { chmod, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { builtReactor } from './built-reactor.ts';
import { type CompileResult, type Compiler, type CompilerOptions, createCompiler, opaVersion } from './index.ts';

vi.setConfig({ testTimeout: 90_000, hookTimeout: 90_000 });

const root = await mkdtemp(join(tmpdir(), 'assent-compiler-'));
const reactor = await builtReactor();
let cacheFolder: string;

beforeEach(async () => {
  cacheFolder = await mkdtemp(join(root, 'cache-'));
});
// Most tests share a compiler: each start of the reactor takes most of a second.
const compiler = createCompiler({ reactor, cacheFolder: join(root, 'shared') });
afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

function newCompiler(options: Partial<CompilerOptions> = {}): Compiler {
  return createCompiler({ reactor, cacheFolder, ...options });
}

const accuracy = {
  'accuracy.rego': `package approval

allow contains $"accuracy {input.modelVersion.spec.metrics.accuracy} is above {data.parameters.threshold}" if {
	input.modelVersion.spec.metrics.accuracy > data.parameters.threshold
}
`,
};

function errorsOf(result: CompileResult) {
  if (result.kind !== 'failed') throw new Error('compiled, though it should not have');
  return result.errors;
}

function policyOf(result: CompileResult) {
  if (result.kind !== 'compiled') throw new Error(JSON.stringify(result.errors));
  return result.policy;
}

/** Where and what, as file:line:column code. */
function placesOf(result: CompileResult): string[] {
  return errorsOf(result).map(({ file, line, column, code }) => `${file}:${line}:${column} ${code}`);
}

describe('compiling', () => {
  test('a policy compiles to a module, with what it reads', async () => {
    const policy = policyOf(await compiler.compile(accuracy));

    expect(policy.digest).toMatch(/^sha256:[0-9a-f]{64}$/);
    expect([...policy.wasm.slice(0, 4)]).toEqual([0, ...Buffer.from('asm')]);
    expect(policy.reads).toEqual(['data.parameters.threshold', 'input.modelVersion.spec.metrics.accuracy']);
    expect(policy.builtins).toEqual([]);
  });

  test('the builtins that a policy leaves to its host are listed', async () => {
    const source = 'package approval\n\ndeny contains sprintf("%v", [input.x]) if semver.is_valid(input.y)\n';
    expect(policyOf(await compiler.compile({ 'p.rego': source })).builtins).toEqual(['semver.is_valid', 'sprintf']);
  });

  test('a policy whose builtin depends on the present reads input.now', async () => {
    const source = 'package approval\n\nallow contains "x" if io.jwt.decode_verify(input.token, {"secret": "s"})[0]\n';
    expect(policyOf(await compiler.compile({ 'p.rego': source })).reads).toEqual(['input.now', 'input.token']);
  });

  test.each([
    ['no rule at all', 'package approval\n'],
    ['only a function', 'package approval\n\nhalf(x) := x / 2\n'],
    ['only a helper rule', 'package approval\n\nanswer := 42\n'],
  ])('a policy with %s compiles', async (_, source) => {
    expect(await compiler.compile({ 'p.rego': source })).toMatchObject({ kind: 'compiled' });
  });

  test('a function may use the rules of its own package', async () => {
    const source = `package approval

facts := object.get(input, ["verified", "metrics"], {})

measured(name) if is_number(facts[name])

allow contains "measured" if measured("accuracy")
`;
    expect(await compiler.compile({ 'p.rego': source })).toMatchObject({ kind: 'compiled' });
  });

  test('a rule with several values, one of them without a condition, compiles where another reads it', async () => {
    const source = `package approval

risk.level := "low"

risk.level := "high" if input.exposed

deny contains "risky" if risk.level == data.parameters.refused
`;
    const { reads } = policyOf(await compiler.compile({ 'p.rego': source }));
    expect(reads).toEqual(['data.parameters.refused', 'input.exposed']);
  });

  test('packages below approval and packages of tests are welcome', async () => {
    const result = await compiler.compile({
      ...accuracy,
      'lib.rego': 'package approval.lib\n\nanswer := 42\n',
      'accuracy_test.rego': 'package approval_test\n\ntest_nothing if true\n',
    });
    expect(result.kind).toBe('compiled');
  });

  test("equal sources have one digest, whatever their modules' order; other sources another", async () => {
    const other = { 'other.rego': 'package approval\n\nanswer := 42\n' };
    const digest = policyOf(await compiler.compile({ ...accuracy, ...other })).digest;
    expect(policyOf(await compiler.compile({ ...other, ...accuracy })).digest).toBe(digest);
    expect(policyOf(await compiler.compile(accuracy)).digest).not.toBe(digest);
  });

  test("the OPA version in a policy's digest is the one that is built", async () => {
    const modules = await readFile(new URL('../../compiler/go.mod', import.meta.url), 'utf8');
    expect(modules).toContain(`github.com/open-policy-agent/opa v${opaVersion}\n`);
  });
});

describe('errors', () => {
  test('the parse errors of several modules are reported at once, each with its place', async () => {
    const result = await compiler.compile({
      'a.rego': 'package approval\n\nallow contains x if {\n',
      'b.rego': 'package approval\n\ndeny contains 1 2\n',
      ...accuracy,
      'c.rego': '',
    });
    expect(placesOf(result)).toEqual([
      'a.rego:4:1 rego_parse_error',
      'b.rego:3:17 rego_parse_error',
      'c.rego:1:1 rego_parse_error',
    ]);
  });

  test('all compile errors are reported, more than the ten after which OPA gives up', async () => {
    const rules = (count: number) => Array.from({ length: count }, (_, at) => `deny contains unknown${at}`).join('\n');
    const modules = { 'a.rego': `package approval\n\n${rules(8)}\n`, 'b.rego': `package approval\n\n${rules(9)}\n` };
    const places = placesOf(await compiler.compile(modules));
    expect(places).toHaveLength(17);
    expect(places).toContain('a.rego:3:15 rego_unsafe_var_error');
    expect(places).toContain('b.rego:11:15 rego_unsafe_var_error');
  });

  test('a type error says what OPA has and what it wants', async () => {
    const [error] = errorsOf(await compiler.compile({ 'p.rego': 'package approval\n\nlength := count(1)\n' }));
    expect(error).toMatchObject({ file: 'p.rego', line: 3, column: 11, code: 'rego_type_error' });
    expect(error?.message).toMatch(/have: .*number.*want: .*collection/);
  });

  test('a module of another package is refused at its package line, as its rules would decide nothing', async () => {
    const result = await compiler.compile({ ...accuracy, 'b.rego': '# a rule\npackage approvals\n\nallow := true\n' });
    expect(placesOf(result)).toEqual(['b.rego:2:1 package_error']);
    expect(errorsOf(result)[0]?.message).toMatch(/approvals.*belong to package approval/);
  });

  test.each([
    ['http.send({"method": "get", "url": "http://example.org"})', /network/],
    ['opa.runtime()', /parameters/],
    ['net.lookup_ip_addr("example.org")', /network/],
    ['rand.intn("x", 10)', /replayed/],
    ['time.now_ns()', /input\.now/],
    ['rego.parse_module("x", "y")', /other policies/],
    ['io.jwt.encode_sign({}, {}, {})', /holds no secret/],
  ])('a call of %s is refused with its place and what to do instead', async (call, advice) => {
    const result = await compiler.compile({
      'p.rego': `package approval\n\nallow contains "x" if {\n\tx := ${call}\n}\n`,
    });
    expect(placesOf(result)).toEqual(['p.rego:4:7 builtin_refused']);
    expect(errorsOf(result)[0]?.message).toMatch(advice);
  });

  test('a builtin that tests would replace is refused there, too', async () => {
    const source = 'package approval\n\nanswer := x if x := time.now_ns() with time.now_ns as 1\n';
    const result = await compiler.compile({ 'p.rego': source });
    expect(placesOf(result)).toEqual(['p.rego:3:40 builtin_refused']);
    expect(errorsOf(result)[0]?.message).toMatch(/time\.now_ns.*input\.now/);
  });

  test('a function that nobody defined is a type error, not a refused builtin', async () => {
    const result = await compiler.compile({ 'p.rego': 'package approval\n\nanswer := nobody.knows(1)\n' });
    expect(placesOf(result)).toEqual(['p.rego:3:11 rego_type_error']);
  });

  test('sources beyond the size limit are refused without starting the compiler', async () => {
    await using compiler = newCompiler({ sourceBytes: 100 });
    const result = await compiler.compile({ 'p.rego': `package approval\n${'#'.repeat(100)}\n` });
    expect(placesOf(result)).toEqual(['p.rego:1:1 source_too_large']);
    expect(compiler.running).toBe(false);
  });
});

describe('a hostile module', () => {
  test('that crashes the compiler is an error, and the next policy compiles', async () => {
    await using compiler = newCompiler();
    const nested = `package approval\n\nx := ${'['.repeat(300_000)}${']'.repeat(300_000)}\n`;
    expect(placesOf(await compiler.compile({ 'deep.rego': nested }))).toEqual(['deep.rego:1:1 compiler_crashed']);
    expect(await compiler.compile(accuracy)).toMatchObject({ kind: 'compiled' });
  });

  test('that compiles for too long is stopped, and the next policy compiles', async () => {
    await using compiler = newCompiler({ deadlineMs: 4_000 });
    const rules = Array.from({ length: 20_000 }, (_, at) => `deny contains "d${at}" if input.a[${at}]`);
    const slow = compiler.compile({ 'slow.rego': `package approval\n\n${rules.join('\n')}\n` });
    const next = compiler.compile(accuracy);
    expect(placesOf(await slow)).toEqual(['slow.rego:1:1 compile_timeout']);
    expect(await next).toMatchObject({ kind: 'compiled' });
  });

  test('that needs more memory than the compiler may take is an error, and the next policy compiles', async () => {
    await using compiler = newCompiler({ memoryBytes: 96 * 1024 * 1024, deadlineMs: 60_000 });
    const rules = Array.from({ length: 20_000 }, (_, at) => `deny contains "d${at}" if input.a[${at}]`);
    const result = await compiler.compile({ 'large.rego': `package approval\n\n${rules.join('\n')}\n` });
    expect(placesOf(result)).toEqual(['large.rego:1:1 compiler_crashed']);
    expect(await compiler.compile(accuracy)).toMatchObject({ kind: 'compiled' });
  });
});

describe('the compile thread', () => {
  test('starts by need and ends when idle', async () => {
    await using compiler = newCompiler({ idleMs: 10 });
    expect(compiler.running).toBe(false);
    await compiler.compile(accuracy);
    await vi.waitUntil(() => !compiler.running, { timeout: 30_000 });
    const other = { 'p.rego': 'package approval\n\nanswer := 42\n' };
    expect(await compiler.compile(other)).toMatchObject({ kind: 'compiled' });
  });

  test('a reactor that is missing is an error that names it', async () => {
    await using compiler = newCompiler({ reactor: join(root, 'missing.wasm') });
    const result = await compiler.compile(accuracy);
    expect(placesOf(result)).toEqual(['accuracy.rego:1:1 compiler_crashed']);
    expect(errorsOf(result)[0]?.message).toContain('missing.wasm');
  });

  test('compiles of the same sources at the same time are one', async () => {
    await using compiler = newCompiler();
    expect(compiler.compile(accuracy)).toBe(compiler.compile({ ...accuracy }));
  });
});

describe('the cache', () => {
  test('a policy compiled before comes from the disk, without a compile thread', async () => {
    await using first = newCompiler();
    const policy = policyOf(await first.compile(accuracy));
    await using second = newCompiler({ reactor: join(root, 'missing.wasm') });
    expect(policyOf(await second.compile(accuracy))).toEqual(policy);
    expect(await second.load(policy.digest)).toEqual(policy);
    expect(second.running).toBe(false);
  });

  test('load knows no policy that was not compiled', async () => {
    await using compiler = newCompiler();
    expect(await compiler.load(`sha256:${'0'.repeat(64)}`)).toBeNull();
  });

  test.each([
    ['truncated', (entry: Buffer) => entry.subarray(0, entry.length - 100)],
    ['with another byte in the module', (entry: Buffer) => flip(entry, entry.length - 100)],
    ['with another byte in its header', (entry: Buffer) => flip(entry, 100)],
    ['empty', () => Buffer.alloc(0)],
  ])('an entry that is %s is ignored and made anew', async (_, damage) => {
    await using compiler = newCompiler();
    const policy = policyOf(await compiler.compile(accuracy));
    const path = join(cacheFolder, (await readdir(cacheFolder))[0] ?? '');
    const whole = await readFile(path);
    await writeFile(path, damage(whole));

    expect(await compiler.load(policy.digest)).toBeNull();
    expect(policyOf(await compiler.compile(accuracy))).toEqual(policy);
    expect(await readFile(path)).toEqual(whole);
  });

  test('an entry under the name of another policy is ignored', async () => {
    await using compiler = newCompiler();
    const policy = policyOf(await compiler.compile(accuracy));
    const other = `sha256:${'1'.repeat(64)}`;
    const [entry = ''] = await readdir(cacheFolder);
    await writeFile(join(cacheFolder, `${other.replace(':', '-')}.policy`), await readFile(join(cacheFolder, entry)));
    expect(await compiler.load(policy.digest)).toEqual(policy);
    expect(await compiler.load(other)).toBeNull();
  });

  test('a folder that cannot be made costs the cache, not the policy', async () => {
    const file = join(cacheFolder, 'file');
    await writeFile(file, '');
    await chmod(file, 0o444);
    await using compiler = newCompiler({ cacheFolder: join(file, 'folder') });
    expect(await compiler.compile(accuracy)).toMatchObject({ kind: 'compiled' });
  });

  test('a failed compile leaves nothing behind', async () => {
    await using compiler = newCompiler();
    await compiler.compile({ 'p.rego': 'package approval\n\nallow contains x\n' });
    await sleep(0);
    expect(await readdir(cacheFolder)).toEqual([]);
  });
});

describe('formatting', () => {
  test('a module is formatted as opa fmt does', async () => {
    expect(await compiler.format('p.rego', 'package approval\nallow    contains "x" if    input.y')).toEqual({
      kind: 'formatted',
      source: 'package approval\n\nallow contains "x" if input.y\n',
    });
  });

  test('a module that does not parse gives its errors', async () => {
    expect(await compiler.format('p.rego', 'package approval\nallow if {')).toMatchObject({
      kind: 'failed',
      errors: [{ file: 'p.rego', line: 2, code: 'rego_parse_error' }],
    });
  });
});

function flip(entry: Buffer, at: number): Buffer {
  const flipped = Buffer.from(entry);
  flipped[at] = (flipped[at] ?? 0) ^ 1;
  return flipped;
}
