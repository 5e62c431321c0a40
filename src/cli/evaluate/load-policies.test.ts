import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadSources } from '../policy/policy-source.ts';
import { loadPolicies } from './load-policies.ts';

let root: string;
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'assent-load-'));
});
afterAll(() => rm(root, { recursive: true }));

const RULES = 'package approval\n\nallow contains "ok" if data.teams[_] == data.parameters.team\n';
const POLICY = (spec: string) =>
  `apiVersion: assent.dev/v1alpha1\nkind: ClusterApprovalPolicy\nmetadata: {name: rules}\nspec: ${spec}\n`;

async function aFolder(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await mkdtemp(join(root, 'folder-'));
  for (const [name, content] of Object.entries(files)) {
    await mkdir(join(folder, name, '..'), { recursive: true });
    await writeFile(join(folder, name), content);
  }
  return folder;
}

describe('data beside the modules of a folder', () => {
  test.for([
    ['data.json', '{"teams": ["risk"], "parameters": {"team": "risk"}}'],
    ['data.yaml', 'teams: [risk]\nparameters: {team: risk}\n'],
    ['data.yml', 'teams: [risk]\nparameters: {team: risk}\n'],
  ])("in %s is the policy's data, as it is of a bundle", async ([name = '', content = '']) => {
    const [policy] = loadPolicies([await aFolder({ 'p.rego': RULES, [name]: content })]);
    expect(policy?.spec).toEqual({
      modules: { 'p.rego': RULES },
      data: { teams: ['risk'] },
      parameters: { team: 'risk' },
    });
  });

  test('gives way to what the policy itself says, key by key', async () => {
    const folder = await aFolder({
      'p.rego': RULES,
      'data.json': '{"teams": ["risk"], "limits": {"low": 1, "high": 2}, "parameters": {"team": "risk", "days": 3}}',
      'policy.yaml': POLICY('{data: {limits: {high: 9}}, parameters: {team: fraud}}'),
    });
    expect(loadPolicies([folder])[0]?.spec).toMatchObject({
      data: { teams: ['risk'], limits: { low: 1, high: 9 } },
      parameters: { team: 'fraud', days: 3 },
    });
  });

  test('is checked with the policy', async () => {
    const schema = '{type: object, properties: {days: {type: integer}}}';
    const folder = await aFolder({
      'p.rego': RULES,
      'data.json': '{"parameters": {"days": "three"}}',
      'policy.yaml': POLICY(`{parametersSchema: ${schema}}`),
    });
    expect(() => loadPolicies([folder])).toThrow('spec.parameters.days: found "three": write a number');
  });

  test('stays out of policies that bring their modules themselves', async () => {
    const folder = await aFolder({
      'p.rego': RULES,
      'data.json': '{"teams": ["risk"]}',
      'policy.yaml': POLICY(`{modules: {p.rego: ${JSON.stringify(RULES)}}}`),
    });
    expect(loadPolicies([folder])[0]?.spec).toEqual({ modules: { 'p.rego': RULES } });
  });

  test('makes no folder a policy, and hides none below it', async () => {
    const folder = await aFolder({ 'data.yaml': 'teams: [risk]\n', 'below/p.rego': RULES });
    expect(loadSources([folder]).map(({ path }) => path)).toEqual([join(folder, 'below')]);
  });

  test.for([
    ['that is none', 'data.json', '{', 'data.json: is no JSON'],
    ['that is a list', 'data.json', '[]', 'data.json: data at the top of a bundle is an object'],
    ['whose parameters are a text', 'data.yaml', 'parameters: risk', 'data.yaml: parameters are names and values'],
    ['that is a policy', 'data.yaml', POLICY('{}'), 'data.yaml: holds a ClusterApprovalPolicy, and is read as data'],
  ])('%s is refused, and not passed over', async ([, name = '', content = '', says]) => {
    const folder = await aFolder({ 'p.rego': RULES, [name]: content });
    expect(() => loadPolicies([folder])).toThrow(`${join(folder, '/')}${says}`);
  });
});
