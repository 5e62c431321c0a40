import { spawn } from 'node:child_process';
import { EventEmitter, once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { createPolicyRunner, type PolicyRunner, rego, writeFiles } from './policy-runner.ts';
import { CLI } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let runner: PolicyRunner;
beforeAll(async () => {
  runner = await createPolicyRunner();
});
afterAll(() => runner[Symbol.asyncDispose]());

const FILES = {
  'p/rules.rego': rego(
    'allow contains "good" if {\n\tinput.modelVersion.spec.metrics.a > 0.9\n\tcard\n}',
    'card if "card" in {e.type | some e in input.modelVersion.spec.evidence}',
    'deny contains "bad" if {\n\tinput.modelVersion.spec.metrics.a < 0.5\n\tinput.transition.to == "Production"\n}',
  ),
  'p/rules_test.rego':
    'package approval_test\n\nimport data.approval\n\ntest_good if count(approval.allow) == 0 with input.modelVersion.spec.metrics.a as 1\n',
  'p/rules_cases.yaml': `cases:
- name: bad
  modelVersion: {spec: {model: m, version: "1", stage: Production, metrics: {a: 0.1}}}
  expect: {outcome: Rejected}
`,
};

describe('coverage', () => {
  test('is of Rego tests and cases together, and names what none has come to', async () => {
    const { status, stdout } = await runner.run(['test', 'p', '--coverage'], FILES);
    expect(stdout.slice(stdout.indexOf('\nCoverage'))).toBe(`
Coverage: 75.0 %
  p/rules.rego: 75.0 % (6 of 8)
    not covered 3:1: allow contains "good" if {
    not covered 8:1: card if "card" in {e.type | some e in input.modelVersion.spec.evidence}
`);
    expect(status).toBe(0);
  });

  test('below the threshold is 1, and says so', async () => {
    const [below, met] = await Promise.all([
      runner.run(['test', 'p', '--threshold', '76', '-o', 'tap'], FILES),
      runner.run(['test', 'p', '--threshold', '75', '-o', 'json'], FILES),
    ]);
    expect(below.stderr).toContain('coverage is 75.0 %, less than the threshold of 76 %');
    expect(below.stdout).not.toContain('Coverage');
    expect(below.status).toBe(1);
    expect(JSON.parse(met.stdout)).toMatchObject({ coverage: { percent: 75, files: [{ covered: 6, total: 8 }] } });
    expect(met.status).toBe(0);
  });

  test('a threshold that is none is 2', async () => {
    const { status, stderr } = await runner.run(['test', 'p', '--threshold', 'most'], FILES);
    expect(stderr).toContain('The threshold is a number from 0 to 100.');
    expect(status).toBe(2);
  });
});

test('--watch runs the tests again when a file changes, until Ctrl-C', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'assent-watch-'));
  await writeFiles(folder, FILES);
  const child = spawn(process.execPath, [CLI, 'policy', 'test', 'p', '--watch'], { cwd: folder });
  try {
    let told = '';
    const news = new EventEmitter();
    const until = async (text: string) => {
      while (!told.includes(text)) await once(news, 'told');
    };
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => {
        told += chunk.toString();
        news.emit('told');
      });
    await until('2 passed, 0 failed');
    await until('waits for changes');
    told = '';
    await writeFile(join(folder, 'p', 'rules.rego'), 'package approval\n\nallow if {');
    await until('p/rules.rego:3:');
    await until('waits for changes');
    told = '';
    await writeFile(join(folder, 'p', 'rules.rego'), rego('allow contains "all" if true'));
    await until('0 passed, 2 failed');
    child.kill('SIGINT');
    expect(await once(child, 'close')).toEqual([1, null]);
  } finally {
    child.kill('SIGKILL');
    await rm(folder, { recursive: true });
  }
});
