import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPolicyRunner, type PolicyRunner, rego } from './policy-runner.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let runner: PolicyRunner;
beforeAll(async () => {
  runner = await createPolicyRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const ALLOW = 'allow contains "ok" if input.modelVersion.spec.metrics.accuracy > 0.9';

test('a warning that is meant is silenced where it is, and --strict lets the others fail', async () => {
  const rules = rego('# assent:allow allow-without-fact\nallow contains "staging"', 'allow contains "other"');
  const { status, stdout } = await runner.run(['check', '--strict', 'rules.rego'], { 'rules.rego': rules });
  expect(stdout).toMatch(/^rules\.rego:6:1: warning allow-without-fact.*\n1 policy checked: 0 errors, 1 warning\n$/);
  expect(status).toBe(1);
});

describe('output', () => {
  const files = { 'rules.rego': rego(ALLOW, 'deny contains "<a>, b" if input.now == "x"\n\nx := 1') };
  const message = 'x decides nothing: none of allow, deny, require and warn reads it; remove it';

  test('json', async () => {
    const { stdout } = await runner.run(['check', 'rules.rego', '-o', 'json'], files);
    expect(JSON.parse(stdout)).toEqual([
      {
        policy: 'rules',
        file: 'rules.rego',
        line: 7,
        column: 1,
        severity: 'warning',
        code: 'unreachable-rule',
        message,
      },
    ]);
  });

  test('github', async () => {
    const { stdout } = await runner.run(['check', 'rules.rego', '-o', 'github'], files);
    expect(stdout).toBe(`::warning file=rules.rego,line=7,col=1,title=unreachable-rule::${message}\n`);
  });

  test('junit', async () => {
    const { stdout } = await runner.run(['check', 'rules.rego', '-o', 'junit'], files);
    expect(stdout).toContain('<testsuite name="rules" tests="1" failures="1">');
    expect(stdout).toContain(`<failure message="${message}">rules.rego:7: ${message}</failure>`);
  });
});

describe('a mistake in the use is told, and the exit code is 2, where', () => {
  test.for<readonly [string, readonly string[], string]>([
    ['nothing is named', ['check'], "missing required argument 'file'"],
    ['there is no such file', ['check', 'gone'], 'gone: no such policy file or folder'],
    ['a folder holds no policy', ['check', '.'], 'start one with `assent policy init .`'],
    ['a subcommand is misspelt', ['chekc'], 'Did you mean check?'],
  ])('%s', async ([, args, says]) => {
    const { status, stdout, stderr } = await runner.run(args);
    expect(stderr).toContain(says);
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' });
  });
});
