import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { LIST_FORMATS, type ListStyle, renderList } from './render-list.ts';
import type { VersionRow } from './version-row.ts';

const row = (changes: Partial<VersionRow> = {}): VersionRow => ({
  namespace: 'risk',
  name: 'fraud-7',
  model: 'fraud',
  version: '7',
  requested: 'Production',
  stage: 'None',
  outcome: 'Pending',
  reason: 'AwaitingApproval',
  message: 'waits for 1 approval by alice',
  warnings: [],
  policies: [],
  requirements: [],
  compliant: true,
  createdAt: '2026-01-02T03:04:05Z',
  ...changes,
});

const style = (changes: Partial<ListStyle> = {}): ListStyle => ({
  format: 'table',
  allNamespaces: false,
  nowMs: Date.parse('2026-01-02T03:05:05Z'),
  paint: (name, text) => `<${name}>${text}</${name}>`,
  ...changes,
});

test('a table has the columns of `kubectl get mv`, and colours the decision', () => {
  expect(renderList([row()], style())).toBe(
    `NAME      MODEL   VERSION   STAGE   REQUESTED    DECISION           AGE
fraud-7   fraud   7         None    Production   <yellow>AwaitingApproval</yellow>   60s
`,
  );
});

test('a reason of a newer operator is shown as it is', () => {
  expect(renderList([row({ reason: 'Deferred' })], style())).toContain(' Deferred   60s');
});

test('the wide table adds the policies and why', () => {
  const policies = ['ClusterApprovalPolicy/accuracy', 'ApprovalPolicy/team'].map((name) => ({
    ...{ name, generation: 1, digest: '', reasons: [], evaluationMicroseconds: 1 },
    outcome: 'require' as const,
  }));
  const [header, line] = renderList([row({ policies })], style({ format: 'wide' })).split('\n');
  expect(header).toMatch(/AGE +POLICIES +REASON$/);
  expect(line).toMatch(/60s +accuracy,team +waits for 1 approval by alice$/);
});

test('of all namespaces, the namespace comes first, in the table and before names', () => {
  expect(renderList([row()], style({ allNamespaces: true }))).toMatch(/^NAMESPACE +NAME .*\nrisk +fraud-7 /);
  expect(renderList([row()], style({ allNamespaces: true, format: 'name' }))).toBe('risk/fraud-7\n');
});

test('JSON and YAML hold the same rows', () => {
  const rows = [row(), row({ name: 'fraud-8', message: 'a long message, '.repeat(20) })];
  expect(JSON.parse(renderList(rows, style({ format: 'json' })))).toEqual(rows);
  expect(parse(renderList(rows, style({ format: 'yaml' })))).toEqual(rows);
});

test.for([
  ['table', ''],
  ['wide', ''],
  ['json', '[]\n'],
  ['yaml', '[]\n'],
  ['name', ''],
  ['map', '{}\n'],
] as const)('nothing as %s is %j', ([format, expected]) => {
  expect(LIST_FORMATS).toContain(format);
  expect(renderList([], style({ format }))).toBe(expected);
});

describe('a map', () => {
  const rows = [row(), row({ name: 'fraud-8', version: '8', stage: 'Staging' }), row({ model: 'churn', version: '1' })];

  test('goes from the model to the version to the stage in effect', () => {
    expect(JSON.parse(renderList(rows, style({ format: 'map' })))).toEqual({
      fraud: { 7: 'None', 8: 'Staging' },
      churn: { 1: 'None' },
    });
  });

  test('of one model goes from the version to the stage, and is empty where there is none', () => {
    const one = (model: string) => JSON.parse(renderList(rows.slice(0, 2), style({ format: 'map', model })));
    expect(one('fraud')).toEqual({ 7: 'None', 8: 'Staging' });
    expect(one('other')).toEqual({});
  });

  test('holds a model of any name', () => {
    const map = renderList([row({ model: '__proto__' })], style({ format: 'map' }));
    expect(Object.entries(JSON.parse(map))).toEqual([['__proto__', { 7: 'None' }]]);
  });

  test('is refused where two objects are one version in two stages, and names both', () => {
    const other = row({ name: 'copy', namespace: 'test', stage: 'Archived' });
    expect(() => renderList([row(), other], style({ format: 'map' }))).toThrow(
      /version 7 of fraud is in stage None \(risk\/fraud-7\) and in stage Archived \(test\/copy\).*narrow it/,
    );
    expect(renderList([row(), { ...other, stage: 'None' }], style({ format: 'map' }))).toContain('"7": "None"');
  });
});
