import { describe, expect, test } from 'vitest';
import { buildAdmissionManifests } from './admission-manifests.ts';
import { judgeAdmission } from './judge-admission.ts';
import type { Manifest } from './manifest.ts';

const CHECKING = ['assent-decisions', 'assent-status', 'assent-schema'];

/** What the API server returns: the built manifests, each with what a server adds, and one changed. */
function found(kind?: string, name?: string, change?: (spec: Record<string, unknown>) => void): readonly Manifest[] {
  return buildAdmissionManifests().map((built) => {
    const manifest = structuredClone(built);
    Object.assign(manifest, { status: { observedGeneration: 1 } });
    const { metadata, spec } = manifest;
    if (!isRecord(metadata) || !isRecord(spec)) throw new TypeError('a manifest without metadata or spec');
    Object.assign(metadata, { uid: 'u', resourceVersion: '1', annotations: { 'meta.helm.sh/release-name': 'assent' } });
    if (manifest.kind === kind && metadata.name === name) change?.(spec);
    return manifest;
  });
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

test('what was built is verified, in any order and beside policies of others', () => {
  const others = [{ kind: 'ValidatingAdmissionPolicy', metadata: { name: 'else' }, spec: {} }, null, 'x'];
  expect(judgeAdmission([...others, ...found()].reverse())).toEqual({ verified: true, problems: [] });
});

test('nothing found is not verified, and every missing policy and binding is named', () => {
  const { verified, problems } = judgeAdmission([]);
  expect(verified).toBe(false);
  for (const name of CHECKING) {
    expect(problems).toContain(`ValidatingAdmissionPolicy ${name} is missing: install the chart's admission policies`);
    expect(problems).toContain(
      `ValidatingAdmissionPolicyBinding ${name} is missing: install the chart's admission policies`,
    );
  }
});

test.each(buildAdmissionManifests().filter(({ kind }) => kind.startsWith('Validating')))(
  'without $kind $metadata.name nothing is verified',
  (missing) => {
    const rest = buildAdmissionManifests().filter((manifest) => JSON.stringify(manifest) !== JSON.stringify(missing));
    expect(judgeAdmission(rest).verified).toBe(false);
  },
);

test('without the stamping policy, as before Kubernetes 1.36, the checking ones are verified', () => {
  const checking = found().filter(({ kind }) => kind.startsWith('Validating'));
  expect(judgeAdmission(checking)).toEqual({ verified: true, problems: [] });
});

test('a changed stamping policy is told, and the checking ones stay verified', () => {
  const changed = found('MutatingAdmissionPolicy', 'assent-stamps', (spec) => {
    spec.failurePolicy = 'Ignore';
  });
  const { verified, problems } = judgeAdmission(changed);
  expect(verified).toBe(true);
  expect(problems).toEqual([expect.stringContaining('MutatingAdmissionPolicy assent-stamps: spec.failurePolicy')]);
});

test('policies that were built for another operator are not ours, because another user may then write a status', () => {
  expect(judgeAdmission(found(), { namespace: 'elsewhere' }).verified).toBe(false);
});

describe.each(CHECKING)('%s is not verified', (name) => {
  test.each<[string, string, (spec: Record<string, unknown>) => void]>([
    ['failurePolicy', 'where it lets through what it cannot check', (spec) => (spec.failurePolicy = 'Ignore')],
    [
      'matchConditions',
      'where a condition was added',
      (spec) => (spec.matchConditions = [{ name: 'a', expression: 'false' }]),
    ],
    [
      'paramKind',
      'where it asks for a parameter',
      (spec) => (spec.paramKind = { apiVersion: 'v1', kind: 'ConfigMap' }),
    ],
    ['validations', 'where its rules are gone', (spec) => (spec.validations = [])],
    ['validations', 'where its rules are others', (spec) => (spec.validations = [{ expression: 'true' }])],
    ['matchConstraints', 'where nothing says what it matches', (spec) => delete spec.matchConstraints],
    [
      'matchConstraints.objectSelector',
      'where objects are left out',
      (spec) => Object.assign(spec.matchConstraints ?? {}, { objectSelector: { matchLabels: { a: 'b' } } }),
    ],
    [
      'matchConstraints.excludeResourceRules',
      'where resources are left out',
      (spec) => Object.assign(spec.matchConstraints ?? {}, { excludeResourceRules: [{ resources: ['*'] }] }),
    ],
    ['somethingNew', 'where a later Kubernetes has a field that we do not know', (spec) => (spec.somethingNew = true)],
  ])('%s: %s', (field, _, change) => {
    const { verified, problems } = judgeAdmission(found('ValidatingAdmissionPolicy', name, change));
    expect(verified).toBe(false);
    expect(problems.join()).toContain(`ValidatingAdmissionPolicy ${name}: spec.${field}`);
  });

  test.each<[string, (spec: Record<string, unknown>) => void]>([
    ['warns and lets through', (spec) => (spec.validationActions = ['Warn', 'Audit'])],
    ['denies nothing', (spec) => (spec.validationActions = [])],
    ['binds another policy', (spec) => (spec.policyName = 'else')],
    ['leaves namespaces out', (spec) => (spec.matchResources = { namespaceSelector: { matchLabels: { a: 'b' } } })],
    ['takes a parameter', (spec) => (spec.paramRef = { name: 'a', parameterNotFoundAction: 'Allow' })],
  ])('where its binding %s', (_, change) => {
    expect(judgeAdmission(found('ValidatingAdmissionPolicyBinding', name, change)).verified).toBe(false);
  });
});
