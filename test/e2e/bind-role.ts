import { randomBytes } from 'node:crypto';
import { z } from 'zod';
import { applyManifest, type Cluster } from '../../src/kube/index.ts';
import { until } from './until.ts';

const GROUP = 'rbac.authorization.k8s.io';

/** Gives a user a ClusterRole in a namespace. Resolves when the API server goes by it, a moment after it has stored it. */
export async function bindRole(cluster: Cluster, namespace: string, role: string, user: string): Promise<void> {
  const binding = {
    apiVersion: `${GROUP}/v1`,
    kind: 'RoleBinding',
    metadata: { namespace, name: `r-${randomBytes(6).toString('hex')}` },
    roleRef: { apiGroup: GROUP, kind: 'ClusterRole', name: role },
    subjects: [{ apiGroup: GROUP, kind: 'User', name: user }],
  };
  await applyManifest(cluster, binding, 'test');
  const right = await oneRightOf(cluster, role);
  if (right) await until(() => isAllowed(cluster, user, { namespace, ...right }), true);
}

const ClusterRole = z.object({
  rules: z
    .array(
      z.object({
        apiGroups: z.array(z.string()).default([]),
        resources: z.array(z.string()).default([]),
        resourceNames: z.array(z.string()).default([]),
        verbs: z.array(z.string()),
      }),
    )
    .nullish(),
});

/** @returns the last right of its first rule: where roles differ, they differ in that */
async function oneRightOf(cluster: Cluster, role: string): Promise<Record<string, string> | undefined> {
  const path = `/apis/${GROUP}/v1/clusterroles/${role}`;
  const [rule] = ClusterRole.parse(await cluster.request({ method: 'GET', path })).rules ?? [];
  const [resource, subresource] = rule?.resources[0]?.split('/') ?? [];
  const verb = rule?.verbs.at(-1);
  if (resource === undefined || verb === undefined) return undefined;
  const name = rule?.resourceNames[0];
  const group = rule?.apiGroups[0] ?? '';
  return { group, resource, verb, ...(subresource ? { subresource } : {}), ...(name ? { name } : {}) };
}

const Review = z.object({ status: z.object({ allowed: z.boolean() }) });

async function isAllowed(
  cluster: Cluster,
  user: string,
  resourceAttributes: Readonly<Record<string, string>>,
): Promise<boolean> {
  const answer = await cluster.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SubjectAccessReview',
      spec: { user, resourceAttributes },
    },
  });
  return Review.parse(answer).status.allowed;
}
