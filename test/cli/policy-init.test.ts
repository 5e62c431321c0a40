import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPolicyRunner, type PolicyRunner, rego } from './policy-runner.ts';
import { runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 120_000 });

let runner: PolicyRunner;
beforeAll(async () => {
  runner = await createPolicyRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

describe('init', () => {
  test('writes a policy that is right, tested and formatted, and overwrites nothing', async () => {
    const { folder, ...first } = await runner.run(['init', 'my-policy']);
    expect(first).toEqual({
      status: 0,
      stderr: '',
      stdout: `wrote my-policy/policy.yaml
wrote my-policy/my-policy.rego
wrote my-policy/my-policy_test.rego
wrote my-policy/my-policy_cases.yaml

Next:
  assent policy check my-policy
  assent policy test my-policy
  assent policy render my-policy | kubectl apply -f -
`,
    });
    const policy = (...args: readonly string[]) => runCli(['policy', ...args], { cwd: folder });
    expect(await policy('check', '--strict', 'my-policy')).toMatchObject({ status: 0 });
    expect((await policy('test', 'my-policy')).stdout).toContain('8 passed, 0 failed');
    expect(await policy('fmt', '--check', 'my-policy')).toEqual({ status: 0, stdout: '', stderr: '' });

    const rules = join(folder, 'my-policy', 'my-policy.rego');
    await writeFile(rules, 'mine');
    const again = await policy('init', 'my-policy');
    expect(again).toMatchObject({ status: 2, stdout: '' });
    expect(again.stderr).toContain('already there, and nothing is overwritten');
    expect(await readFile(rules, 'utf8')).toBe('mine');
  });

  test('refuses a name that no policy can have', async () => {
    const { status, stderr } = await runner.run(['init', 'My_Policy']);
    expect(stderr).toBe(
      "My_Policy: the folder's name becomes the policy's, which has small letters, digits and - only: choose another\n",
    );
    expect(status).toBe(2);
  });
});

describe('fmt', () => {
  const formatted = rego('allow contains "a" if input.now == "b"');
  const files = { 'a.rego': rego('allow   contains "a" if input.now=="b"'), 'b.rego': formatted };

  test('prints what is formatted, and --check names what is not', async () => {
    const [printed, checked] = await Promise.all([
      runner.run(['fmt', 'a.rego'], files),
      runner.run(['fmt', '--check', '.'], files),
    ]);
    expect(printed).toMatchObject({ status: 0, stdout: formatted });
    expect(checked).toMatchObject({ status: 1, stdout: 'a.rego\n' });
  });

  test('--diff shows it, --write writes it', async () => {
    const [shown, written] = await Promise.all([
      runner.run(['fmt', '--diff', '.'], files),
      runner.run(['fmt', '--write', '.'], files),
    ]);
    expect(shown.stdout).toContain(
      '@@ -1,4 +1,4 @@\n package approval\n \n-allow   contains "a" if input.now=="b"\n+allow contains "a" if input.now == "b"\n',
    );
    expect(written).toMatchObject({ status: 0, stdout: 'a.rego\n' });
    expect(await readFile(join(written.folder, 'a.rego'), 'utf8')).toBe(formatted);
  });

  test('tells what does not parse, and writes nothing then', async () => {
    const { status, stdout, stderr, folder } = await runner.run(['fmt', '--write', '.'], { ...files, 'c.rego': 'no' });
    expect(stderr).toMatch(/^c\.rego:1:1: rego_parse_error: /);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
    expect(await readFile(join(folder, 'a.rego'), 'utf8')).toBe(files['a.rego']);
  });
});
