import { z } from 'zod';
import type { Cluster } from '../kube/index.ts';

/** Who the API server says that we are. */
export interface Person {
  readonly user: string;
  readonly groups: readonly string[];
}

const SelfSubjectReview = z.object({
  status: z.object({ userInfo: z.object({ username: z.string(), groups: z.array(z.string()).default([]) }) }),
});

/** @throws KubeApiError */
export async function readPerson(cluster: Cluster): Promise<Person> {
  const review = await cluster.request({
    method: 'POST',
    path: '/apis/authentication.k8s.io/v1/selfsubjectreviews',
    body: { apiVersion: 'authentication.k8s.io/v1', kind: 'SelfSubjectReview' },
  });
  const { username, groups } = SelfSubjectReview.parse(review).status.userInfo;
  return { user: username, groups };
}
