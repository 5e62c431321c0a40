import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { ensureCompiler } from './rego-compiler-binary.ts';
import { repositoryRoot } from './repository.ts';

// Each test starts processes, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

let checkout: string;
beforeEach(async () => {
  checkout = await mkdtemp(join(tmpdir(), 'assent-checkout-'));
  for (const name of ['package.json', 'src', 'compiler', 'policies', 'examples'])
    await cp(join(repositoryRoot, name), join(checkout, name), {
      recursive: true,
      filter: (path) => path !== join(repositoryRoot, 'compiler', 'dist'),
    });
  await symlink(join(repositoryRoot, 'node_modules'), join(checkout, 'node_modules'));
});
afterEach(() => rm(checkout, { recursive: true }));

const EVALUATE = ['evaluate', '-f', 'examples/modelversions/approved.yaml', '-p', 'policies/accuracy'];
const CHECK = ['policy', 'check', 'policies/accuracy'];
const NO_GO = { PATH: '' };

async function run(entry: string, args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join('src', entry), ...args], {
    cwd: checkout,
    // A cache of compiled policies would answer without the compiler.
    env: { ...process.env, ASSENT_CACHE: join(checkout, 'cache'), ...env },
  });
  const [stdout, stderr, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { status, stdout, stderr };
}

test('a fresh checkout decides: what it lacks is built', async () => {
  await ensureCompiler();
  expect(await run('dev/assent.ts', EVALUATE)).toMatchObject({ status: 0, stderr: '' });
  expect(existsSync(join(checkout, 'compiler', 'dist', 'opa-compiler.wasm'))).toBe(true);
});

test('without Go one line says what to do, and commands that compile nothing go on', async () => {
  const env = { ...NO_GO, XDG_CACHE_HOME: join(checkout, 'empty') };
  const { status, stdout, stderr } = await run('dev/assent.ts', EVALUATE, env);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^Building the Rego compiler .* needs Go, .* Install Go [^\n]*\n$/);
  expect(await run('dev/assent.ts', ['policy', 'init', 'quality'], env)).toMatchObject({ status: 0, stderr: '' });
});

test.for([EVALUATE, CHECK])('a compiler that is not there is no mistake of the policy (assent %s)', async (args) => {
  const { status, stdout, stderr } = await run('cli/main.ts', args);
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  expect(stderr).toMatch(/^the Rego compiler .*opa-compiler\.wasm is missing: .*`npm run -s assent -- [^\n]*\n$/);
});
