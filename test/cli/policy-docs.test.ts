// What docs/cli.md and docs/policies.md say of `assent policy` is what it does.
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { loadCases } from '../../src/cli/policy/policy-case.ts';
import { repositoryRoot } from '../../src/dev/index.ts';
import { runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

const read = (...path: readonly string[]) => readFile(join(repositoryRoot, ...path), 'utf8');
const cli = await read('docs', 'cli.md');
const policies = await read('docs', 'policies.md');

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-docs-'));
  for (const name of ['policies', 'examples'])
    await cp(join(repositoryRoot, name), join(folder, name), { recursive: true });
});
afterAll(() => rm(folder, { recursive: true }));

const examples = [...cli.matchAll(/^\$ assent (policy .*)\n([\s\S]*?)```/gm)].map(([, line = '', shown = '']) => ({
  line,
  shown,
}));

test('there are examples', () => {
  expect(examples.length).toBeGreaterThan(3);
});

test.for(examples)('`assent $line` prints what docs/cli.md shows', async ({ line, shown }) => {
  const args = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''));
  const { stdout } = await runCli(args, { cwd: folder });
  const untimed = (text: string) => text.replaceAll(/(Microseconds: )\d+/g, '$1…').replace(/\nDo not match it.*/, '');
  expect(untimed(stdout)).toBe(untimed(shown));
});

test('the case in docs/policies.md is one', async () => {
  const [, example = ''] = /```yaml\n(# quality_cases\.yaml\n[^`]*)```/.exec(policies) ?? [];
  const file = join(folder, 'quality_cases.yaml');
  await writeFile(file, example);
  expect(loadCases(file)).toMatchObject([
    { namespace: { name: 'risk' }, approvals: [{ user: 'bob' }, { user: 'carol' }] },
  ]);
});

test('docs/policies.md lists every code of check', async () => {
  const sources = await Promise.all([read('compiler', 'lint.go'), read('compiler', 'lint_rules.go')]);
  const codes = [...sources.join('').matchAll(/"((?:[a-z]+-)+[a-z]+|sprintf|unknown_[a-z]+)"/g)].map(
    ([, code]) => code,
  );
  expect(new Set(codes).size).toBeGreaterThan(10);
  for (const code of new Set(codes)) expect(policies).toContain(`| \`${code}\` |`);
});
