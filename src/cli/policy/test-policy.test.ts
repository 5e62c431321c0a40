import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, policyYaml, rego, writeFiles } from '../../../test/cli/policy-runner.ts';
import { createCompiler, createEvaluator } from '../../rego/index.ts';
import { regoPaths } from '../rego-paths.ts';
import { loadSources } from './policy-source.ts';
import { testPolicy } from './test-policy.ts';

const compiler = createCompiler({ ...regoPaths(), cacheFolder: join(tmpdir(), 'assent-test-cache') });
const evaluator = createEvaluator({ threads: 1 });
let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-test-'));
});
afterAll(async () => {
  await Promise.all([compiler[Symbol.asyncDispose](), evaluator[Symbol.asyncDispose]()]);
  await rm(root, { recursive: true });
});

/** @returns name → what is wrong, of the tests of the policy in folder p. */
async function run(files: Files, pattern: RegExp | null = null): Promise<Readonly<Record<string, readonly string[]>>> {
  const folder = await mkdtemp(join(root, 'run-'));
  await writeFiles(folder, files);
  const tested = await Promise.all(
    loadSources([join(folder, 'p')]).map((source) =>
      testPolicy(source, pattern, { compiler, evaluator, ...noDispose }),
    ),
  );
  return Object.fromEntries(tested.flatMap(({ tests }) => tests.map(({ name, problems }) => [name, problems])));
}
const noDispose = { [Symbol.asyncDispose]: async () => {} };

const RULES = {
  'p/rules.rego': rego(
    'allow contains $"{m} is above {data.parameters.min}" if m > data.parameters.min',
    'm := input.modelVersion.spec.metrics.a',
    'deny contains $"worse than {input.champion.metadata.name}" if m < input.champion.spec.metrics.a',
    'require contains {"approvers": ["group:risk"], "count": 2, "reason": "credit"} if input.namespace.labels.domain == "credit"',
    'warn contains $"submitted by {input.submitter.user}" if input.submitter.user != "pipeline"',
    'warn contains "verified is less" if input.verified.metrics.a < m',
    'warn contains "a Sunday" if time.weekday(time.parse_rfc3339_ns(input.now)) == "Sunday"',
  ),
  'p/policy.yaml': policyYaml('  parameters: {min: 0.9}\n  approvers: ["group:leads"]\n'),
};
const version = (a: number) => `{spec: {model: fraud, version: "7", stage: Production, metrics: {a: ${a}}}}`;
const cases = (...entries: readonly string[]) => ({
  'p/p_cases.yaml': `cases:\n${entries.map((entry, index) => `- name: "${index + 1}"\n  ${entry.replaceAll('\n', '\n  ')}\n`).join('')}`,
});

describe('a case', () => {
  test.for<readonly [what: string, given: string, expected: string]>([
    ['takes the parameters of the policy', '', 'outcome: Approved, reasons: ["0.95 is above 0.9"], warnings: []'],
    ['may take others', 'parameters: {min: 0.99}', 'outcome: Pending, requirements: [{approvers: ["group:leads"]}]'],
    ['may have a champion', `champion: ${version(0.97)}`, 'outcome: Rejected, reasons: [worse than fraud-7]'],
    [
      'may have labels of the namespace',
      'namespace: {name: risk, labels: {domain: credit}}',
      'outcome: Pending, requirements: [{count: 2, reason: credit}]',
    ],
    ['may have a submitter', 'submitter: {user: mallory}', 'outcome: Approved, warnings: [submitted by mallory]'],
    ['may have verified facts', 'verified: {metrics: {a: 0.8}}', 'outcome: Approved, warnings: [verified is less]'],
    ['may have a time', 'now: 2026-01-04T12:00:00Z', 'outcome: Approved, warnings: {contains: [Sunday]}'],
    [
      'may have approvals, which count as in a cluster',
      'namespace: {labels: {domain: credit}}\napprovals: [{user: a, groups: [risk]}, {user: a, groups: [risk]}, {user: x}]',
      'outcome: Pending',
    ],
    [
      'is approved when enough people have',
      'namespace: {labels: {domain: credit}}\napprovals: [{user: a, groups: [risk]}, {user: b, groups: [risk]}]',
      'outcome: Approved, by: People, stage: Production',
    ],
    [
      'is rejected by one of them',
      'namespace: {labels: {domain: credit}}\napprovals: [{user: a, groups: [risk], verdict: reject, reason: no}]',
      'outcome: Rejected, by: People, stage: Archived',
    ],
    [
      'may be revoked',
      'approvals: [{user: a, groups: [leads], verdict: revoke}]',
      'outcome: Rejected, by: People, reasons: {contains: [revoked by a]}',
    ],
  ])('%s', async ([, given, expected]) => {
    const files = { ...RULES, ...cases(`modelVersion: ${version(0.95)}\n${given}\nexpect: {${expected}}`) };
    expect(await run(files)).toEqual({ 1: [] });
  });

  test('that fails tells every difference, and why it was decided so', async () => {
    const expected =
      'outcome: Approved, by: Policy, stage: Production, reasons: [fine], warnings: {contains: [hm]}, requirements: [{count: 2}]';
    expect(await run({ ...RULES, ...cases(`modelVersion: ${version(0.5)}\nexpect: {${expected}}`) })).toEqual({
      1: [
        'outcome: expected Approved, got Pending',
        'by: expected Policy, got People',
        'stage: expected Production, got None',
        'reasons: missing "fine"',
        'reasons: not expected "no rule allows it"',
        'warnings: none contains "hm"; got none',
        'requirements: missing {"count":2}',
        'requirements: not expected {"approvers":["group:leads"],"count":1}',
        'it says: waits for 1 approval by group:leads (no rule allows it)',
      ],
    });
  });

  test('takes a version from a file beside it, from a folder cases too', async () => {
    const manifest = `apiVersion: assent.dev/v1alpha1\nkind: ModelVersion\nmetadata: {name: v}\nspec: {model: m, version: "1", stage: Staging, metrics: {a: 1}}\n`;
    const files = {
      'p/cases/one.yaml': 'cases: [{name: from a file, modelVersion: v/v.yaml, expect: {outcome: Approved}}]',
      'p/cases/v/v.yaml': manifest,
    };
    expect(await run({ ...RULES, ...files })).toEqual({ 'from a file': [] });
  });
});

test("a team's policy judges the versions of its own namespace", async () => {
  const policy = RULES['p/policy.yaml']
    .replace('ClusterApprovalPolicy', 'ApprovalPolicy')
    .replace('{name: rules}', '{name: rules, namespace: risk}');
  const files = cases(
    `modelVersion: ${version(0.95)}\nexpect: {outcome: Approved}`,
    `modelVersion: ${version(0.95)}\nnamespace: {name: other}\nexpect: {outcome: Pending, reasons: [no policy matches]}`,
  );
  expect(await run({ ...RULES, 'p/policy.yaml': policy, ...files })).toEqual({ 1: [], 2: [] });
});

test('Rego tests and cases run together, and a pattern chooses among both', async () => {
  const files = {
    ...RULES,
    ...cases(`modelVersion: ${version(1)}\nexpect: {outcome: Approved}`),
    'p/rules_test.rego':
      'package approval_test\n\nimport data.approval\n\ntest_1 if approval.m == 1 with input.modelVersion.spec.metrics.a as 1\n\ntest_2 if approval.m == 2 with input.modelVersion.spec.metrics.a as 1\n',
  };
  const wrong = ['not true: one of its expressions is false or undefined'];
  expect(await run(files)).toEqual({ test_1: [], test_2: wrong, 1: [] });
  expect(await run(files, /1/)).toEqual({ test_1: [], 1: [] });
});

describe('a case that is none is told with its place:', () => {
  const good = `modelVersion: ${version(1)}\nexpect: {outcome: Approved}`;
  test.for<readonly [what: string, entry: string, says: string]>([
    ['no version', 'expect: {outcome: Approved}', ':2:3: write the path of a ModelVersion, or {spec: '],
    ['a misspelt field', `${good}\nexpects: {}`, 'expects: there is no such field: did you mean expect?'],
    [
      'no such outcome',
      `modelVersion: ${version(1)}\nexpect: {outcome: Allowed}`,
      ':4:21: expect.outcome: found "Allowed": write Approved, Pending, Rejected or Error',
    ],
    [
      'reasons that are a text',
      `modelVersion: ${version(1)}\nexpect: {outcome: Approved, reasons: good}`,
      'write a list of texts, all of them in any order, or {contains: […]}',
    ],
    [
      'a stage that is none',
      `modelVersion: {spec: {model: m, version: "1", stage: Rejected}}\nexpect: {outcome: Approved}`,
      "spec.stage: 'Rejected' is a decision, not a stage",
    ],
    ['groups that are no list', `${good}\nsubmitter: {user: a, groups: b}`, 'write groups: [ml-leads]'],
    ['no time', `${good}\nnow: yesterday`, ':5:8: now: write a time such as 2026-01-02T03:04:05Z'],
    [
      'a file that is not there',
      'modelVersion: gone.yaml\nexpect: {outcome: Approved}',
      'gone.yaml: no such file or folder',
    ],
  ])('%s', async ([, entry, says]) => {
    await expect(run({ ...RULES, ...cases(entry) })).rejects.toThrow(says);
  });
});
