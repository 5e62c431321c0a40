import { describe, expect, test } from 'vitest';
import { type Binding, findHolders, type Rbac, Role } from './rbac.ts';

const ACCESS = { verb: 'approve', group: 'assent.dev', resource: 'modelversions', name: 'fraud-7' };
const RULE = { verbs: ['approve'], apiGroups: ['assent.dev'], resources: ['modelversions'] };

const aRole = (name: string, ...rules: readonly object[]): Role =>
  Role.parse({ kind: 'ClusterRole', metadata: { name }, rules });

const aBinding = (name: string, role: string, ...subjects: Binding['subjects'] & object): Binding => {
  const [kind = '', roleName = ''] = role.includes('/') ? role.split('/') : ['ClusterRole', role];
  return {
    kind: 'RoleBinding',
    metadata: { name, namespace: 'risk' },
    roleRef: { kind: kind === 'Role' ? 'Role' : 'ClusterRole', name: roleName },
    subjects,
  };
};
const user = (name: string) => ({ kind: 'User', name }) as const;

const holders = (rbac: Rbac) => findHolders(rbac, ACCESS).map(({ kind, name }) => `${kind} ${name}`);

describe('a rule gives the verb', () => {
  test.for<readonly [string, object]>([
    ['that names it', RULE],
    ['among others', { ...RULE, verbs: ['get', 'approve'], resources: ['pods', 'modelversions'] }],
    ['by a wildcard for verbs', { ...RULE, verbs: ['*'] }],
    ['by a wildcard for groups', { ...RULE, apiGroups: ['*'] }],
    ['by a wildcard for resources', { ...RULE, resources: ['*'] }],
    ['for this version by name', { ...RULE, resourceNames: ['other', 'fraud-7'] }],
  ])('%s', ([, rule]) => {
    expect(holders({ roles: [aRole('r', rule)], bindings: [aBinding('b', 'r', user('alice'))] })).toEqual([
      'User alice',
    ]);
  });
});

describe('a rule does not give the verb', () => {
  test.for<readonly [string, object]>([
    ['for another verb', { ...RULE, verbs: ['get', 'patch'] }],
    ['for another group', { ...RULE, apiGroups: ['apps', ''] }],
    ['for the status alone', { ...RULE, resources: ['modelversions/status', '*/status'] }],
    ['for another version', { ...RULE, resourceNames: ['fraud-8'] }],
    ['by a name that looks like a wildcard', { ...RULE, resourceNames: ['*'] }],
    ['of paths', { verbs: ['*'], nonResourceURLs: ['*'] }],
  ])('%s', ([, rule]) => {
    expect(holders({ roles: [aRole('r', rule)], bindings: [aBinding('b', 'r', user('alice'))] })).toEqual([]);
  });

  test('that nobody is bound to, or of a role that is gone', () => {
    expect(holders({ roles: [aRole('r', RULE)], bindings: [aBinding('b', 'gone', user('alice'))] })).toEqual([]);
    expect(holders({ roles: [aRole('r', RULE)], bindings: [aBinding('b', 'r')] })).toEqual([]);
  });
});

test('a Role and a ClusterRole of one name are two roles', () => {
  const roles = [aRole('r', { ...RULE, verbs: ['get'] }), { ...aRole('r', RULE), kind: 'Role' as const }];
  expect(holders({ roles, bindings: [aBinding('b', 'ClusterRole/r', user('alice'))] })).toEqual([]);
  expect(holders({ roles, bindings: [aBinding('b', 'Role/r', user('alice'))] })).toEqual(['User alice']);
});

test('an aggregated role without rules, as before the control plane has filled it, gives nothing', () => {
  const empty = Role.parse({ kind: 'ClusterRole', metadata: { name: 'admin' }, rules: null });
  expect(holders({ roles: [empty], bindings: [aBinding('b', 'admin', user('alice'))] })).toEqual([]);
});

test('users come before groups before service accounts, each once, with every way to the verb', () => {
  const bindings = [
    aBinding(
      'ci',
      'r',
      { kind: 'ServiceAccount', name: 'bot', namespace: 'ci' },
      { kind: 'ServiceAccount', name: 'own' },
    ),
    aBinding('leads', 'r', { kind: 'Group', name: 'ml-leads' }, user('bob')),
    { ...aBinding('all', 'r', user('alice'), user('bob')), kind: 'ClusterRoleBinding' as const },
  ];
  expect(findHolders({ roles: [aRole('r', RULE)], bindings }, ACCESS)).toEqual([
    { kind: 'User', name: 'alice', via: ['ClusterRoleBinding/all → ClusterRole/r'] },
    { kind: 'User', name: 'bob', via: ['RoleBinding/leads → ClusterRole/r', 'ClusterRoleBinding/all → ClusterRole/r'] },
    { kind: 'Group', name: 'ml-leads', via: ['RoleBinding/leads → ClusterRole/r'] },
    { kind: 'ServiceAccount', name: 'ci:bot', via: ['RoleBinding/ci → ClusterRole/r'] },
    { kind: 'ServiceAccount', name: 'risk:own', via: ['RoleBinding/ci → ClusterRole/r'] },
  ]);
});
