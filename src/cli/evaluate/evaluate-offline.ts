import {
  type AnyApprovalPolicy,
  isServedStage,
  type ModelVersion,
  type ModelVersionStatus,
  type PolicyBundle,
} from '../../api/index.ts';
import { createPolicyCatalog, type PolicyCatalog, type PolicyEntry, policyKey } from '../../operator/index.ts';
import type { Compiler, Evaluator } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { decideOffline } from './decide-offline.ts';

/** What the operator would decide on one version. */
export interface OfflineDecision {
  readonly modelVersion: ModelVersion;
  readonly status: ModelVersionStatus;
}

interface OfflineTools {
  /** Labels by namespace, of those that were given. */
  readonly namespaces: ReadonlyMap<string, Readonly<Record<string, string>>>;
  readonly compiler: Compiler;
  readonly evaluator: Evaluator;
  /** RFC 3339. */
  readonly now: string;
}

/**
 * Decides as the operator would, without a cluster: nobody has approved anything, the submitter is unknown, and the
 * champion is whichever of the given versions holds the stage in its `status.stage`.
 *
 * @throws CliError where a policy does not compile, or selects namespaces by labels that nobody gave
 */
export async function evaluateOffline(
  versions: readonly ModelVersion[],
  policies: readonly AnyApprovalPolicy[],
  { namespaces, compiler, evaluator, now }: OfflineTools,
): Promise<readonly OfflineDecision[]> {
  const catalog = await compilePolicies(policies, compiler);
  requireNamespaces(versions, policies, namespaces);

  return Promise.all(
    versions.map(async (modelVersion) => {
      const labels = namespaces.get(modelVersion.metadata.namespace ?? 'default') ?? {};
      const champion = findChampion(modelVersion, versions);
      const given = { modelVersion, champion, labels, submitter: null, verified: {}, now };
      const { status } = await decideOffline(given, { catalog, evaluator });
      return { modelVersion, status };
    }),
  );
}

/**
 * @returns all policies, in force
 * @throws CliError where one does not compile
 */
export async function compilePolicies(
  policies: readonly AnyApprovalPolicy[],
  compiler: Compiler,
): Promise<PolicyCatalog> {
  const catalog = createPolicyCatalog();
  for (const policy of policies) catalog.observe(policy.kind, policy);
  for (const entry of catalog.entries()) await compileInto(catalog, entry, compiler);
  return catalog;
}

/** A policy that is left out because nobody gave the labels would let through what the cluster denies. */
function requireNamespaces(
  versions: readonly ModelVersion[],
  policies: readonly AnyApprovalPolicy[],
  namespaces: OfflineTools['namespaces'],
): void {
  const selecting = policies.find(({ spec }) => spec.match?.namespaceSelector !== undefined);
  if (!selecting) return;
  const needed = new Set(versions.map(({ metadata }) => metadata.namespace ?? 'default'));
  const problems = [...needed]
    .filter((name) => !namespaces.has(name))
    .map(
      (name) =>
        `${selecting.kind} ${selecting.metadata.name} selects namespaces by their labels, and those of ${name} are not known: give its manifest (kind: Namespace) with --filename too`,
    );
  if (problems.length > 0) throw new CliError(problems);
}

async function compileInto(
  catalog: PolicyCatalog,
  { kind, metadata, source }: PolicyEntry,
  compiler: Compiler,
): Promise<void> {
  if (source.kind === 'bundle')
    throw new CliError([
      `${kind} ${metadata.name} takes its rules from ${describeBundle(source.bundle)}, which is not fetched here: give ${source.bundle.configMap ? 'the folder that it is made from' : 'the bundle itself, as a .tar.gz or by oci://HOST/REPOSITORY:TAG'}`,
    ]);
  const result = await compiler.compile(source.modules);
  if (result.kind === 'failed') {
    throw new CliError(
      result.errors.map(
        ({ file, line, column, code, message }) => `${metadata.name}: ${file}:${line}:${column}: ${code}: ${message}`,
      ),
    );
  }
  catalog.settle(policyKey(kind, metadata), source, { kind: 'compiled', inForce: result.policy });
}

function describeBundle({ configMap, oci, http }: PolicyBundle): string {
  return configMap ? `ConfigMap ${configMap.name}` : `the bundle at ${oci ?? http}`;
}

/** @returns the other of these versions that holds the asked stage. */
export function findChampion(version: ModelVersion, versions: readonly ModelVersion[]): ModelVersion | null {
  const { spec, metadata } = version;
  if (!isServedStage(spec.stage)) return null;
  return (
    versions.find(
      (other) =>
        other !== version &&
        other.spec.model === spec.model &&
        other.status?.stage === spec.stage &&
        (other.metadata.namespace ?? 'default') === (metadata.namespace ?? 'default'),
    ) ?? null
  );
}
