// One directory of policies gives one verdict: `assent evaluate`, `assent policy eval` and `assent policy test` agree on 200
// versions. test/e2e/one-verdict.test.ts compares the running operator with them.
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { z } from 'zod';
import { runCli } from '../cli/run-cli.ts';
import { buildTable, policyFolders } from './versions.ts';

// Each test starts processes, on a machine that does much else.
vi.setConfig({ testTimeout: 120_000 });

const table = buildTable('default');

const Verdict = z.object({ name: z.string(), outcome: z.string(), reasons: z.array(z.string()) });
const Decided = z.array(
  z.object({ name: z.string(), outcome: z.string(), warnings: z.array(z.string()), policies: z.array(Verdict) }),
);
const Evaluated = z.array(
  z.object({ version: z.string(), policy: z.string(), outcome: z.string(), reasons: z.array(z.string()) }),
);

let folder: string;
let decided: z.infer<typeof Decided>;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-verdict-'));
  const champions = table.flatMap(({ champion }) =>
    champion ? [{ ...champion, status: { stage: 'Production' } }] : [],
  );
  const items = [...table.map(({ version }) => version), ...champions];
  await writeFile(join(folder, 'versions.json'), JSON.stringify({ apiVersion: 'v1', kind: 'List', items }));
  const args = ['evaluate', '-f', 'versions.json', '-p', ...policyFolders, '-o', 'json'];
  const { stdout } = await runCli(args, { cwd: folder });
  decided = Decided.parse(JSON.parse(stdout)).filter(({ name }) =>
    table.some(({ version }) => version.metadata.name === name),
  );
}, 120_000);
afterAll(() => rm(folder, { recursive: true }));

test('the table has versions of every outcome', () => {
  const outcomes = Map.groupBy(decided, ({ outcome }) => outcome);
  expect(decided).toHaveLength(200);
  for (const outcome of ['Approved', 'Pending', 'Rejected', 'Error'])
    expect(outcomes.get(outcome)?.length, outcome).toBeGreaterThan(5);
});

test('assent policy eval gives the verdicts of assent evaluate', async () => {
  const { stdout } = await runCli(['policy', 'eval', 'versions.json', '-p', ...policyFolders, '-o', 'json'], {
    cwd: folder,
  });
  const evaluated = Evaluated.parse(JSON.parse(stdout)).filter(({ outcome }) => outcome !== 'skipped');
  for (const { name, policies } of decided) {
    const found = evaluated.filter(({ version }) => version === name);
    expect(found.map(({ policy, outcome, reasons }) => ({ name: policy, outcome, reasons }))).toEqual(policies);
  }
});

const OUTCOMES: Readonly<Record<string, string>> = {
  allow: 'Approved',
  require: 'Pending',
  deny: 'Rejected',
  error: 'Error',
};

test('assent policy test finds every verdict of assent evaluate to be so', async () => {
  const copies = await Promise.all(
    policyFolders.map(async (path) => {
      const name = basename(path);
      const copy = join(folder, name);
      await cp(path, copy, { recursive: true });
      const cases = table.flatMap(({ version, champion }) => {
        const row = decided.find((each) => each.name === version.metadata.name);
        const verdict = row?.policies.find((policy) => policy.name === `ApprovalPolicy/${name}`);
        // What the version itself asks for, or that it is asked of nobody, is no policy's verdict.
        const asksNobody = version.spec.stage === 'None' || version.spec.stage === 'Archived';
        if (!verdict || version.spec.approvers || asksNobody) return [];
        const expected = { outcome: OUTCOMES[verdict.outcome], reasons: verdict.reasons };
        return [{ name: version.metadata.name, modelVersion: version, champion, expect: expected }];
      });
      await writeFile(join(copy, `${name}_cases.yaml`), JSON.stringify({ cases }));
      return copy;
    }),
  );
  const { status, stdout } = await runCli(['policy', 'test', ...copies]);
  expect(stdout).toMatch(/^[1-9]\d+ passed, 0 failed$/m);
  expect(status).toBe(0);
});

test('and the policies have no problem, not even a warning', async () => {
  const { stdout } = await runCli(['policy', 'check', '--strict', ...policyFolders]);
  expect(stdout).toBe('4 policies checked: 0 errors, 0 warnings\n');
});
