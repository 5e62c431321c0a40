import { z } from 'zod';
import { ApprovalPolicy, ClusterApprovalPolicy, isServedStage, ModelVersion } from '../../api/index.ts';
import { buildRegistryFacts, findSubmitter, type Snapshot } from '../../decision/index.ts';
import {
  type Cluster,
  KubeApiError,
  listPages,
  MODEL_VERSIONS,
  type ResourceType,
  resourcePath,
} from '../../kube/index.ts';
import { NAMESPACES, POLICIES, RECORDED_REGISTRY } from '../../operator/index.ts';
import { CliError } from '../cli-error.ts';
import type { OfflineCase } from '../evaluate/decide-offline.ts';
import { readStored } from '../read-version.ts';
import { currentDecision, findApproved, parseVersion } from '../stored-version.ts';
import type { VersionName } from '../version-name.ts';
import type { PlacedPolicy, StandingDecision } from './explain-decision.ts';

/**
 * Reads what a decision on a stored version would be made from now.
 *
 * @throws CliError, KubeApiError
 */
export async function gatherCase(
  cluster: Cluster,
  where: VersionName,
): Promise<{ readonly given: OfflineCase; readonly stands: StandingDecision | null }> {
  const object = await readStored(cluster, where);
  const stored = ModelVersion.safeParse(object);
  if (!stored.success) {
    const problems = stored.error.issues.map(({ path, message }) => `${where.name}: ${path.join('.')}: ${message}`);
    throw new CliError(problems);
  }
  const modelVersion = stored.data;
  const [champion, labels] = await Promise.all([findHolder(cluster, modelVersion), readLabels(cluster, where)]);
  const now = new Date().toISOString();
  const verified = readVerified(where, modelVersion);
  // Whether the admission policies are in force, only the operator can tell.
  const submitter = findSubmitter({ modelVersion, approvalsVerified: true });
  const given = { modelVersion, champion, labels, submitter, verified, now };
  const version = parseVersion(object);
  const approved = currentDecision(version) && findApproved(version);
  return { given, stands: approved ? { reason: approved.reason, message: approved.message } : null };
}

/** @returns the policies of the platform, and those of the namespace. A place in them names the object. */
export async function gatherPolicies(cluster: Cluster, namespace: string): Promise<readonly PlacedPolicy[]> {
  const [platform, own] = await Promise.all([
    list(cluster, POLICIES.ClusterApprovalPolicy, ClusterApprovalPolicy),
    list(cluster, POLICIES.ApprovalPolicy, ApprovalPolicy, namespace),
  ]);
  return [...platform, ...own].map((policy) => ({
    policy,
    locate: (place) => ({ ...place, file: `${policy.kind}/${policy.metadata.name}/${place.file}` }),
  }));
}

/** @returns what the operator has read in the model registry: the CLI asks none. */
function readVerified({ namespace, name }: VersionName, modelVersion: ModelVersion): Snapshot['verified'] {
  const content = RECORDED_REGISTRY.read(`${namespace}/${name}`, modelVersion);
  return content.kind === 'pending' ? {} : buildRegistryFacts(modelVersion, content).verified;
}

/** Of several versions that hold the stage, the one that came to it last. */
async function findHolder(cluster: Cluster, { metadata, spec }: ModelVersion): Promise<ModelVersion | null> {
  if (!isServedStage(spec.stage)) return null;
  const versions = await list(cluster, MODEL_VERSIONS, ModelVersion, metadata.namespace);
  const holders = versions.filter(
    (other) =>
      other.metadata.name !== metadata.name && other.spec.model === spec.model && other.status?.stage === spec.stage,
  );
  const since = ({ status }: ModelVersion) => status?.history?.[0]?.at ?? '';
  return holders.toSorted((a, b) => (since(a) < since(b) ? 1 : -1))[0] ?? null;
}

const Labelled = z.looseObject({ metadata: z.looseObject({ labels: z.record(z.string(), z.string()).default({}) }) });

async function readLabels(cluster: Cluster, { namespace }: VersionName): Promise<Readonly<Record<string, string>>> {
  try {
    const path = resourcePath(NAMESPACES, { name: namespace });
    return Labelled.parse(await cluster.request({ method: 'GET', path })).metadata.labels;
  } catch (error) {
    // Whoever may read versions need not be allowed to read namespaces; most policies do not ask for their labels.
    if (error instanceof KubeApiError && error.code === 'forbidden') return {};
    throw error;
  }
}

/** What does not fit the schemas is left out: the operator tells of it in the object's status. */
async function list<Schema extends z.ZodType>(
  cluster: Cluster,
  resource: ResourceType,
  schema: Schema,
  namespace?: string,
): Promise<readonly z.infer<Schema>[]> {
  const pages = await Array.fromAsync(listPages(cluster, resource, { namespace }));
  return pages.flatMap(({ items }) =>
    items.flatMap((item) => {
      const parsed = schema.safeParse(item);
      return parsed.success ? [parsed.data] : [];
    }),
  );
}
