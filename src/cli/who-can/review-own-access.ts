import { z } from 'zod';
import type { Cluster } from '../../kube/index.ts';
import type { VersionName } from '../version-name.ts';
import type { Access } from './rbac.ts';

const Review = z.object({ status: z.object({ allowed: z.boolean(), reason: z.string().default('') }) });

/** Asks whether we hold the access ourselves, which everybody may ask. The reason is the authorizer's, for people. */
export async function reviewOwnAccess(
  cluster: Cluster,
  { namespace, name }: VersionName,
  { verb, group, resource }: Access,
): Promise<z.infer<typeof Review>['status']> {
  const review = await cluster.request({
    method: 'POST',
    path: '/apis/authorization.k8s.io/v1/selfsubjectaccessreviews',
    body: {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: { namespace, name, verb, group, resource } },
    },
  });
  return Review.parse(review).status;
}
