import type { z } from 'zod';
import { type Cluster, KubeApiError, listPages, type ResourceType } from '../../kube/index.ts';
import { Binding, type Rbac, Role } from './rbac.ts';

const rbac = { group: 'rbac.authorization.k8s.io', version: 'v1' };
const CLUSTER_ROLES = { ...rbac, plural: 'clusterroles', kind: 'ClusterRole', namespaced: false };
const CLUSTER_ROLE_BINDINGS = { ...rbac, plural: 'clusterrolebindings', kind: 'ClusterRoleBinding', namespaced: false };
const ROLES = { ...rbac, plural: 'roles', kind: 'Role', namespaced: true };
const ROLE_BINDINGS = { ...rbac, plural: 'rolebindings', kind: 'RoleBinding', namespaced: true };

/** RBAC as it was read, or what of it may not be read. */
export type LoadedRbac =
  | ({ readonly kind: 'rbac' } & Rbac)
  | { readonly kind: 'forbidden'; readonly resources: readonly string[] };

/** @throws KubeApiError other than `forbidden` */
export async function loadRbac(cluster: Cluster, namespace: string): Promise<LoadedRbac> {
  const [clusterRoles, roles, clusterBindings, bindings] = await Promise.all([
    list(cluster, CLUSTER_ROLES, Role),
    list(cluster, ROLES, Role, namespace),
    list(cluster, CLUSTER_ROLE_BINDINGS, Binding),
    list(cluster, ROLE_BINDINGS, Binding, namespace),
  ]);
  if (clusterRoles && roles && clusterBindings && bindings)
    return { kind: 'rbac', roles: [...clusterRoles, ...roles], bindings: [...clusterBindings, ...bindings] };
  const resources = [
    ...(clusterRoles ? [] : ['clusterroles']),
    ...(clusterBindings ? [] : ['clusterrolebindings']),
    ...(roles ? [] : [`roles in ${namespace}`]),
    ...(bindings ? [] : [`rolebindings in ${namespace}`]),
  ];
  return { kind: 'forbidden', resources };
}

/** @returns null where it is forbidden */
async function list<Schema extends z.ZodType>(
  cluster: Cluster,
  resource: ResourceType,
  schema: Schema,
  namespace?: string,
): Promise<readonly z.infer<Schema>[] | null> {
  try {
    const pages = await Array.fromAsync(listPages(cluster, resource, { namespace }));
    return pages.flatMap(({ items }) => items.map((item) => schema.parse(item)));
  } catch (error) {
    if (error instanceof KubeApiError && error.code === 'forbidden') return null;
    throw error;
  }
}
