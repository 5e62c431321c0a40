import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { ApprovalPolicy, ClusterApprovalPolicy } from '../../src/api/index.ts';
import { loadPolicies } from '../../src/cli/evaluate/load-policies.ts';
import { regoPaths } from '../../src/cli/rego-paths.ts';
import { type Compiler, createCompiler } from '../../src/rego/index.ts';
import { createPolicyRunner, type PolicyRunner, policyYaml, rego } from './policy-runner.ts';
import { runCli } from './run-cli.ts';

// Each test starts a process, on a machine that does much else.
vi.setConfig({ testTimeout: 60_000 });

let runner: PolicyRunner;
let compiler: Compiler;
beforeAll(async () => {
  runner = await createPolicyRunner();
  compiler = createCompiler({ ...regoPaths(), cacheFolder: join(tmpdir(), 'assent-test-cache') });
});
afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await runner[Symbol.asyncDispose]();
});

const RULES = rego('# ends with a space: \nallow contains "ok" if input.modelVersion.spec.metrics.accuracy > 0.9');

async function digestOf(modules: Readonly<Record<string, string>> = {}): Promise<string | null> {
  const compiled = await compiler.compile(modules);
  return compiled.kind === 'compiled' ? compiled.policy.digest : null;
}

test('what is printed is a policy that Kubernetes takes, and compiles to what the folder does', async () => {
  const { status, stdout, stderr } = await runCli(['policy', 'render', 'policies/accuracy', 'policies/champion']);
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const printed = parseAllDocuments(stdout).map((document) => ClusterApprovalPolicy.parse(document.toJS()));
  const written = loadPolicies(['policies/accuracy', 'policies/champion']);
  expect(printed.map(({ metadata }) => metadata)).toEqual(written.map(({ metadata: { name } }) => ({ name })));
  expect(printed.map(({ spec }) => spec)).toEqual(written.map(({ spec }) => spec));
  const [mine, theirs] = await Promise.all(
    [printed, written].map((policies) => Promise.all(policies.map(({ spec }) => digestOf(spec.modules)))),
  );
  expect(mine).toEqual(theirs);
  expect(mine).not.toContain(null);
});

test('the policy.yaml of a folder stands for it, tests stay out, and a namespace is what its author says', async () => {
  const files = {
    'quality/policy.yaml': `# a comment
apiVersion: assent.dev/v1alpha1
kind: ApprovalPolicy
metadata: {name: quality, labels: {team: risk}, resourceVersion: "7", generation: 3}
spec: {approvers: ["group:risk"]}
`,
    'quality/quality.rego': RULES,
    'quality/quality_test.rego': 'package approval_test\n\ntest_it if no_such_thing\n',
  };
  const { status, stdout } = await runner.run(['render', 'quality/policy.yaml'], files);
  expect(status).toBe(0);
  expect(ApprovalPolicy.parse(parse(stdout))).toEqual({
    apiVersion: 'assent.dev/v1alpha1',
    kind: 'ApprovalPolicy',
    metadata: { name: 'quality', labels: { team: 'risk' } },
    spec: { approvers: ['group:risk'], modules: { 'quality.rego': RULES } },
  });
});

test('json is one object, or a List of several', async () => {
  const files = { 'a.rego': RULES, 'b.rego': RULES };
  const [one, two] = await Promise.all(
    [['a.rego'], ['a.rego', 'b.rego']].map((names) => runner.run(['render', '-o', 'json', ...names], files)),
  );
  expect(JSON.parse(one?.stdout ?? '')).toMatchObject({ kind: 'ClusterApprovalPolicy', metadata: { name: 'a' } });
  expect(JSON.parse(two?.stdout ?? '')).toMatchObject({
    apiVersion: 'v1',
    kind: 'List',
    items: [{ metadata: { name: 'a' } }, { metadata: { name: 'b' } }],
  });
});

test('a policy that does not compile is told with its place, and nothing is printed', async () => {
  const files = { 'q/policy.yaml': policyYaml('  parameters: {a: 1}\n'), 'q/q.rego': rego('allow contains } if true') };
  const { status, stdout, stderr } = await runner.run(['render', 'q'], files);
  expect({ status, stdout }).toEqual({ status: 1, stdout: '' });
  expect(stderr).toMatch(/^q\/q\.rego:3:16: error rego_parse_error: /);
});

test('a policy without rules, and one with two sources of them, are told apart', async () => {
  const both = '  modules: {a.rego: package approval}\n  bundle: {configMap: {name: rules, namespace: risk}}\n';
  const [neither, two] = await Promise.all(
    ['  required: 1\n', both].map((spec) => runner.run(['check', 'p.yaml'], { 'p.yaml': policyYaml(spec) })),
  );
  expect(neither?.stderr).toContain('the policy has neither modules nor a bundle: `assent policy render FOLDER`');
  expect(two?.stderr).toContain('the policy has modules and a bundle: leave one of them out');
});
