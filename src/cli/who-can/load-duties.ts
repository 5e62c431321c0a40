import { z } from 'zod';
import { GROUP, VERSION } from '../../api/index.ts';
import { findSubmitter, speaksForOthers } from '../../decision/index.ts';
import { type Cluster, KubeApiError, resourcePath } from '../../kube/index.ts';
import type { StoredVersion } from '../stored-version.ts';
import type { VersionName } from '../version-name.ts';
import type { Duties } from './counts-for.ts';

const Policy = z.object({
  spec: z.object({ separationOfDuties: z.boolean().default(false), mode: z.string().default('Enforce') }),
});

/** Reads from the policies that judged the version whether its submitter may approve it. */
export async function loadDuties(
  cluster: Cluster,
  { namespace }: VersionName,
  version: StoredVersion,
): Promise<Duties> {
  const policies = await Promise.all(
    (version.status.decision?.policies ?? []).map(({ name }) => separatesDuties(cluster, namespace, name)),
  );
  const separate = policies.includes(true) || (policies.includes('unknown') ? 'unknown' : false);
  const submitter = findSubmitter({ modelVersion: version, approvalsVerified: true });
  // For whom the operator submitted, as for a CustomRun, nobody knows.
  return { submitter: submitter && !speaksForOthers(submitter) ? submitter.user : null, separate };
}

/** @param policy `ClusterApprovalPolicy/NAME` or `ApprovalPolicy/NAME`, as a decision names it */
async function separatesDuties(cluster: Cluster, namespace: string, policy: string): Promise<Duties['separate']> {
  const [kind = '', name = ''] = policy.split('/');
  const namespaced = kind === 'ApprovalPolicy';
  const plural = namespaced ? 'approvalpolicies' : 'clusterapprovalpolicies';
  const resource = { group: GROUP, version: VERSION, plural, kind, namespaced };
  const path = resourcePath(resource, { name, ...(namespaced ? { namespace } : {}) });
  try {
    const { spec } = Policy.parse(await cluster.request({ method: 'GET', path }));
    return spec.separationOfDuties && spec.mode !== 'Shadow';
  } catch (error) {
    // Who may approve a version need not be allowed to read the policies, and one may have been deleted since.
    if (error instanceof KubeApiError && (error.code === 'forbidden' || error.code === 'not-found')) return 'unknown';
    throw error;
  }
}
