import { randomBytes } from 'node:crypto';

/** @returns the binding of a ClusterRole in a namespace, to send */
export function buildRoleBinding(namespace: string, role: string, user: string): Record<string, unknown> {
  const apiGroup = 'rbac.authorization.k8s.io';
  return {
    apiVersion: `${apiGroup}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace, name: `r-${randomBytes(6).toString('hex')}` },
    roleRef: { apiGroup, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup, kind: 'User', name: user }],
  };
}
