import { z } from 'zod';

const Rule = z.object({
  verbs: z.array(z.string()),
  apiGroups: z.array(z.string()).default([]),
  resources: z.array(z.string()).default([]),
  resourceNames: z.array(z.string()).default([]),
});
type Rule = z.infer<typeof Rule>;

const SUBJECT_KINDS = ['User', 'Group', 'ServiceAccount'] as const;

const Subject = z.object({ kind: z.enum(SUBJECT_KINDS), name: z.string(), namespace: z.string().optional() });
type Subject = z.infer<typeof Subject>;

/** A Role or ClusterRole as stored: the control plane has already filled in the rules of an aggregated one. */
export const Role = z.object({
  kind: z.enum(['Role', 'ClusterRole']),
  metadata: z.object({ name: z.string() }),
  rules: z.array(Rule).nullish(),
});
export type Role = z.infer<typeof Role>;

export const Binding = z.object({
  kind: z.enum(['RoleBinding', 'ClusterRoleBinding']),
  metadata: z.object({ name: z.string(), namespace: z.string().optional() }),
  roleRef: z.object({ kind: z.enum(['Role', 'ClusterRole']), name: z.string() }),
  subjects: z.array(Subject).nullish(),
});
export type Binding = z.infer<typeof Binding>;

/** What RBAC says in one namespace: its Roles and RoleBindings, and those of the cluster. */
export interface Rbac {
  readonly roles: readonly Role[];
  readonly bindings: readonly Binding[];
}

/** A verb on one object. */
export interface Access {
  readonly verb: string;
  readonly group: string;
  readonly resource: string;
  readonly name: string;
}

/** Somebody to whom RBAC gives an access, and by which bindings. */
export interface Holder {
  readonly kind: (typeof SUBJECT_KINDS)[number];
  /** Of a ServiceAccount NAMESPACE:NAME. */
  readonly name: string;
  /** Such as `RoleBinding/leads → ClusterRole/assent-approver`. */
  readonly via: readonly string[];
  /** All its groups, where they are known: RBAC does not tell. */
  readonly groups?: readonly string[];
}

/** @returns everybody who holds the access, each once; users before groups before service accounts. */
export function findHolders({ roles, bindings }: Rbac, access: Access): readonly Holder[] {
  const granting = new Set(
    roles
      .filter(({ rules }) => rules?.some((rule) => grants(rule, access)))
      .map(({ kind, metadata }) => `${kind}/${metadata.name}`),
  );
  const holders = new Map<string, Holder>();
  for (const { kind, metadata, roleRef, subjects } of bindings) {
    const role = `${roleRef.kind}/${roleRef.name}`;
    if (!granting.has(role)) continue;
    for (const subject of subjects ?? []) {
      const name = nameOf(subject, metadata.namespace);
      const key = `${subject.kind} ${name}`;
      const via = [...(holders.get(key)?.via ?? []), `${kind}/${metadata.name} → ${role}`];
      holders.set(key, { kind: subject.kind, name, via });
    }
  }
  return [...holders.values()].toSorted(
    (a, b) => SUBJECT_KINDS.indexOf(a.kind) - SUBJECT_KINDS.indexOf(b.kind) || (a.name < b.name ? -1 : 1),
  );
}

/** As the API server's RBAC authorizer compares (pkg/apis/rbac/v1/evaluation_helpers.go): a name has no wildcard. */
function grants(rule: Rule, { verb, group, resource, name }: Access): boolean {
  const has = (values: readonly string[], wanted: string) => values.includes(wanted) || values.includes('*');
  return (
    has(rule.verbs, verb) &&
    has(rule.apiGroups, group) &&
    has(rule.resources, resource) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(name))
  );
}

function nameOf({ kind, name, namespace }: Subject, bindingNamespace: string | undefined): string {
  return kind === 'ServiceAccount' ? `${namespace ?? bindingNamespace ?? ''}:${name}` : name;
}
