import { expect, test } from 'vitest';
import { isRecord } from './explain-differences.ts';
import { buildGuardManifests, type GuardOptions } from './guard-manifests.ts';
import { judgeGuard } from './judge-guard.ts';
import type { Manifest } from './manifest.ts';

type Part = 'policy' | 'binding';

/** What the API server returns: the built guard, with what a server adds, and one part changed. */
function found(options: GuardOptions = {}, part?: Part, change?: (spec: Record<string, unknown>) => void) {
  const parts = structuredClone(buildGuardManifests(options)).filter(({ kind }) => kind.startsWith('Validating'));
  const [policy, binding] = parts.map((manifest) => ({ ...manifest, status: { observedGeneration: 1 } }));
  const guard = { policy, binding };
  if (part) change?.(specOf(guard[part]));
  return guard;
}

function specOf(manifest: Manifest | undefined): Record<string, unknown> {
  if (!isRecord(manifest?.spec)) throw new TypeError('a manifest without a spec');
  return manifest.spec;
}

test('the guard as built is installed, and nothing is wrong with it', () => {
  expect(judgeGuard(found())).toEqual({ installed: true, problems: [] });
});

test('without the policy there is no guard', () => {
  expect(judgeGuard({ ...found(), policy: undefined })).toEqual({ installed: false, problems: [] });
});

test('what may be chosen may differ', () => {
  const choices = { versionRequired: [], versionPath: ['spec', 'x'], checkControlled: true, resources: [] };
  expect(judgeGuard(found(choices))).toEqual({ installed: true, problems: [] });
});

test('without its binding it guards nothing, and that is told', () => {
  const { problems } = judgeGuard({ ...found(), binding: undefined });
  expect(problems).toEqual(['binding: spec was removed: install the guard again']);
});

test.each<[Part, string, (spec: Record<string, unknown>) => void]>([
  ['policy', 'failurePolicy', (spec) => (spec.failurePolicy = 'Ignore')],
  ['policy', 'validations', (spec) => (spec.validations = [])],
  ['policy', 'matchConditions', (spec) => (spec.matchConditions = [{ name: 'a', expression: 'false' }])],
  ['policy', 'variables', (spec) => (spec.variables = [])],
  ['policy', 'matchConstraints.objectSelector', (spec) => (spec.matchConstraints = {})],
  ['binding', 'validationActions', (spec) => (spec.validationActions = ['Warn'])],
  ['binding', 'paramRef', (spec) => (spec.paramRef = { name: 'assent', parameterNotFoundAction: 'Allow' })],
  ['binding', 'matchResources', (spec) => (spec.matchResources = { namespaceSelector: { matchLabels: { a: 'b' } } })],
])('a %s whose %s was changed is told', (part, field, change) => {
  const { installed, problems } = judgeGuard(found({}, part, change));
  expect(installed).toBe(true);
  expect(problems.join('\n')).toContain(`${part}: spec.${field}`);
});
