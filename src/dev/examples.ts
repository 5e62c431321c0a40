import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'yaml';
import { z } from 'zod';
import type { Manifest } from '../admission/index.ts';
import { repositoryRoot } from './repository.ts';

const Policy = z.looseObject({
  apiVersion: z.string(),
  kind: z.string(),
  metadata: z.looseObject({ name: z.string() }),
  spec: z.looseObject({}),
});

/** The library's policies that `npm start` installs: each is a folder of `policies/`. */
const EXAMPLES = ['accuracy', 'champion'] as const;

/** @returns each policy of the library with its Rego modules in it; test modules are left out. */
export function buildExamplePolicies(): readonly Manifest[] {
  return EXAMPLES.map((name) => {
    const folder = join(repositoryRoot, 'policies', name);
    const { spec, ...rest } = Policy.parse(parse(readFileSync(join(folder, 'policy.yaml'), 'utf8')));
    const files = readdirSync(folder).filter((file) => file.endsWith('.rego') && !file.endsWith('_test.rego'));
    const modules = Object.fromEntries(files.map((file) => [file, readFileSync(join(folder, file), 'utf8')]));
    return { ...rest, spec: { ...spec, modules } };
  });
}

const bindGroup = (group: string, role: string): Manifest => ({
  apiVersion: 'rbac.authorization.k8s.io/v1',
  kind: 'ClusterRoleBinding',
  metadata: { name: `example-${group}` },
  roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: role },
  subjects: [{ apiGroup: 'rbac.authorization.k8s.io', kind: 'Group', name: group }],
});

/** Who may do what in the quickstart: the group `ml-leads` approves, the group `data-scientists` submits. */
export const EXAMPLE_ACCESS: readonly Manifest[] = [
  bindGroup('ml-leads', 'assent-approver'),
  bindGroup('data-scientists', 'assent-submitter'),
];
