import { expect, test } from 'vitest';
import { z } from 'zod';
import { buildRbacManifests } from './rbac.ts';

const ClusterRole = z.object({
  kind: z.literal('ClusterRole'),
  metadata: z.object({ name: z.string(), labels: z.record(z.string(), z.string()) }),
  rules: z.array(
    z.object({ apiGroups: z.array(z.string()), resources: z.array(z.string()), verbs: z.array(z.string()) }),
  ),
});

const roles = buildRbacManifests().flatMap((manifest) => ClusterRole.safeParse(manifest).data ?? []);

/** `edit` holds what is aggregated to `view`, and `admin` what is aggregated to either. */
const PARTS = { view: ['view'], edit: ['view', 'edit'], admin: ['view', 'edit', 'admin'] };

function holds(builtIn: keyof typeof PARTS, verb: string, resource: string): boolean {
  return roles
    .filter(({ metadata }) =>
      PARTS[builtIn].some((part) => metadata.labels[`rbac.authorization.k8s.io/aggregate-to-${part}`] === 'true'),
    )
    .some(({ rules }) => rules.some(({ resources, verbs }) => resources.includes(resource) && verbs.includes(verb)));
}

test.each([
  ['view', 'list', 'modelversions', true],
  ['view', 'create', 'modelversions', false],
  ['edit', 'create', 'modelversions', true],
  ['edit', 'approve', 'modelversions', false],
  ['edit', 'create', 'approvalpolicies', false],
  ['admin', 'approve', 'modelversions', true],
  ['admin', 'create', 'approvalpolicies', true],
  ['admin', 'create', 'clusterapprovalpolicies', false],
] as const)('who holds %s in a namespace may %s %s: %s', (builtIn, verb, resource, expected) => {
  expect(holds(builtIn, verb, resource)).toBe(expected);
});

test('no role holds a wildcard, and none for people writes a status', () => {
  const forPeople = roles.filter(({ metadata }) => metadata.name !== 'assent-operator');
  expect(JSON.stringify(roles)).not.toContain('"*"');
  expect(JSON.stringify(forPeople)).not.toContain('/status');
});
