import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Files, policyYaml, rego, writeFiles } from '../../../test/cli/policy-runner.ts';
import { createCompiler } from '../../rego/index.ts';
import { regoPaths } from '../rego-paths.ts';
import { checkPolicy } from './check-policy.ts';
import { loadSources } from './policy-source.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-check-'));
});
const compiler = createCompiler({ ...regoPaths(), cacheFolder: join(tmpdir(), 'assent-test-cache') });
afterAll(async () => {
  await compiler[Symbol.asyncDispose]();
  await rm(root, { recursive: true });
});

/** @returns a line a problem, with paths as seen from the folder of the files. */
async function check(files: Files, path: string): Promise<readonly string[]> {
  const folder = await mkdtemp(join(root, 'run-'));
  await writeFiles(folder, files);
  const problems = await Promise.all(loadSources([join(folder, path)]).map((source) => checkPolicy(source, compiler)));
  return problems
    .flat()
    .map(({ file, line, column, severity, code, message }) =>
      `${file}:${line}:${column}: ${severity} ${code}: ${message}`.replace(`${folder}/`, ''),
    );
}

const ALLOW = 'allow contains "ok" if input.modelVersion.spec.metrics.accuracy > 0.9';

describe('a problem is told with its place, its code and what to do:', () => {
  test.for<readonly [what: string, rule: string, says: string]>([
    [
      'a field that the spec does not have',
      'deny contains "bad" if input.modelVersion.spec.metrcs.accuracy < 0.5',
      'rules.rego:5:48: error unknown_field: input.modelVersion.spec.metrcs is not there: did you mean metrics?',
    ],
    [
      'a field of the champion, behind a rule of the policy and a comparison with null',
      'champion := input.champion\n\ndeny contains "bad" if {\n\tinput.champion != null\n\tchampion.sepc.metrics.a > 1\n}',
      'rules.rego:9:11: error unknown_field: champion.sepc is not there: did you mean spec?',
    ],
    [
      'a field that nothing is like',
      'deny contains "bad" if input.submitter.email == "x"',
      'rules.rego:5:40: error unknown_field: input.submitter.email is not there: there are groups, user',
    ],
    [
      'a stage that there is not',
      'deny contains "bad" if input.transition.to == "Prodution"',
      'rules.rego:5:47: error unknown_value: input.transition.to is never "Prodution": did you mean Production?',
    ],
    [
      'an output that is no set',
      'deny if input.modelVersion.spec.metrics.accuracy < 0.5',
      'rules.rego:5:1: error output-is-no-set: deny must be a set: write `deny contains "…" if …`',
    ],
    [
      'a message that is an object',
      'deny contains {"msg": "bad"}',
      'rules.rego:5:15: error output-is-no-message: deny must hold messages: write `deny contains "…" if …`',
    ],
    [
      'a requirement with another field',
      'require contains {"aprovers": ["bob"]}',
      'rules.rego:5:19: error unknown_field: a requirement has no aprovers: did you mean approvers?',
    ],
    [
      'approvers that are no list',
      'require contains {"approvers": "bob"}',
      'rules.rego:5:32: error approvers-are-no-list: approvers is a list, always: write ["bob"]',
    ],
    [
      'a difference that is compared',
      'deny contains "bad" if input.modelVersion.spec.metrics.a - input.modelVersion.spec.metrics.b > 0.01',
      'rules.rego:5:24: warning decimal-subtraction: a difference is compared',
    ],
    [
      'sprintf',
      'warn contains sprintf("%v", [input.now])',
      'rules.rego:5:15: warning sprintf: write a template string, $"… {value} …"',
    ],
    [
      'an allow that looks at nothing',
      'allow contains "staging" if input.transition.to == "Staging"',
      'rules.rego:5:1: warning allow-without-fact: this allow reads no metric, verified fact, champion, submitter or parameter',
    ],
    [
      'an output with a typo, which would never be read',
      'dney contains "bad" if input.modelVersion.spec.metrics.a < 1',
      'rules.rego:5:1: warning unreachable-rule: dney decides nothing: none of allow, deny, require and warn reads it; did you mean deny?',
    ],
    [
      'a rule that nothing reads',
      'good_enough if input.modelVersion.spec.metrics.a > 1',
      'rules.rego:5:1: warning unreachable-rule: good_enough decides nothing: none of allow, deny, require and warn reads it; remove it',
    ],
    [
      'a training parameter, a text, compared with a number',
      'deny contains "deep" if input.modelVersion.spec.parameters.depth > 6',
      'rules.rego:5:25: warning text-compared-with-number: spec.parameters are texts, and every text is greater than every number: write to_number(input.modelVersion.spec.parameters.depth)',
    ],
    [
      'a metric compared with a text',
      'deny contains "bad" if input.modelVersion.spec.metrics.accuracy < "0.5"',
      'rules.rego:5:24: warning number-compared-with-text: spec.metrics are numbers',
    ],
    [
      'a name that nobody uses',
      'deny contains "bad" if {\n\tx := input.modelVersion.spec.metrics.a\n\tinput.modelVersion.spec.metrics.b < 1\n}',
      'rules.rego:6:2: warning unused-name: assigned var x unused: remove it, or write _',
    ],
    ['what does not parse', 'deny contains "bad" if {', 'rules.rego:6:1: error rego_parse_error: '],
    [
      'a builtin that is refused',
      'deny contains "late" if time.now_ns() > 0',
      'rules.rego:5:25: error builtin_refused: builtin time.now_ns is refused',
    ],
  ])('%s', async ([, rule, says], { expect }) => {
    const lines = await check({ 'rules.rego': rego(ALLOW, rule) }, 'rules.rego');
    expect(lines).toEqual([expect.stringContaining(says)]);
  });
});

describe('what is open stays open:', () => {
  test.for([
    'input.modelVersion.spec.metrics.anything > 0',
    'input.modelVersion.spec.parameters.anything == "x"',
    'input.modelVersion.metadata.labels["example.com/domain"] == "x"',
    'input.modelVersion.metadata.annotations.anything == "x"',
    'input.namespace.labels.anything == "x"',
    'input.verified.metrics.anything > 0',
    'input.champion.spec.metrics.anything > 0',
    'input.champion = null',
    'data.tables.anything == 1',
    'some entry in input.modelVersion.spec.evidence; entry.type == "model-card"',
    'not input.modelVersion.spec.source.gitCommit',
    '"group" in input.submitter.groups',
    'object.get(data.parameters, "tolerance", 0) > 0',
    'time.parse_rfc3339_ns(input.now) - 1000 > 5',
    'now := time.parse_rfc3339_ns(input.now); now - 1000 > 5',
    'count(input.modelVersion.spec.evidence) - 1 > 5',
    '{1, 2} - {2} == {1}',
  ])('%s', async (body) => {
    const rule = `deny contains "no" if {\n\t${body.replaceAll('; ', '\n\t')}\n}`;
    expect(await check({ 'rules.rego': rego(ALLOW, rule) }, 'rules.rego')).toEqual([]);
  });
});

describe('a policy.yaml', () => {
  const module = rego('allow contains "ok" if input.modelVersion.spec.metrics.a > data.parameters.treshold');

  test('says which parameters there are', async () => {
    const files = { 'p/rules.rego': module, 'p/policy.yaml': policyYaml('  parameters: {threshold: 0.9}\n') };
    expect(await check(files, 'p')).toEqual([
      'p/rules.rego:3:76: error unknown_parameter: data.parameters.treshold is not there: did you mean threshold?',
    ]);
  });

  test('a parameter that nothing is like is to be given, or read with a default', async () => {
    const rules = rego('deny contains "no" if data.parameters.strict');
    const files = { 'p/rules.rego': rules, 'p/policy.yaml': policyYaml('  parameters: {threshold: 0.9}\n') };
    expect(await check(files, 'p')).toEqual([
      'p/rules.rego:3:39: error unknown_parameter: data.parameters.strict is not there: give it in spec.parameters (threshold), or where it may be missing read it with object.get(data.parameters, "strict", …)',
    ]);
  });

  test('may hold the modules, and the place is that in the YAML file', async () => {
    const text = module.replaceAll(/^(?=.)/gm, '      ');
    const files = { 'p.yaml': policyYaml(`  parameters: {threshold: 0.9}\n  modules:\n    rules.rego: |\n${text}`) };
    expect(await check(files, 'p.yaml')).toEqual([expect.stringContaining('p.yaml:10:82: error unknown_parameter')]);
  });

  test('without one nobody says which parameters there are', async () => {
    expect(await check({ 'p/rules.rego': module }, 'p')).toEqual([]);
  });
});

test('in a package below, allow is a rule as any other', async () => {
  const files = {
    'p/rules.rego': 'package approval\n\nimport data.approval.lib\n\ndeny contains "no" if not lib.allow\n',
    'p/lib.rego': 'package approval.lib\n\nallow if input.modelVersion.spec.stage == "Staging"\n',
  };
  expect(await check(files, 'p')).toEqual([]);
});

test('tests are compiled with the policy, and nothing else is said of them', async () => {
  const tests = 'package approval_test\n\nimport data.approval\n\nunused := 1\n\ntest_a if approval.alow == set()\n';
  expect(await check({ 'p/rules.rego': rego(ALLOW), 'p/rules_test.rego': tests }, 'p')).toEqual([
    'p/rules_test.rego:7:20: error unknown_rule: the policy has no rule alow: did you mean allow?',
  ]);
});
