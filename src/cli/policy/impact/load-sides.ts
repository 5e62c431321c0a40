import type { AnyApprovalPolicy } from '../../../api/index.ts';
import { type Cluster, KubeApiError, listPages } from '../../../kube/index.ts';
import { createPolicyCatalog, POLICIES, type PolicyCatalog, policyKey } from '../../../operator/index.ts';
import type { Compiler } from '../../../rego/index.ts';
import { CliError } from '../../cli-error.ts';
import { loadPolicies } from '../../evaluate/load-policies.ts';

/** Policies as they are written, by key: `ApprovalPolicy/NAMESPACE/NAME` or `ClusterApprovalPolicy/NAME`. */
export type WrittenPolicies = ReadonlyMap<
  string,
  { readonly kind: AnyApprovalPolicy['kind']; readonly object: object }
>;

/** @throws CliError */
export function readPolicyFiles(paths: readonly string[]): WrittenPolicies {
  return new Map(
    loadPolicies(paths).map((policy) => [
      policyKey(policy.kind, policy.metadata),
      { kind: policy.kind, object: policy },
    ]),
  );
}

/**
 * @param namespace whose own policies are read besides the platform's; undefined: of all
 * @throws KubeApiError
 */
export async function readClusterPolicies(cluster: Cluster, namespace: string | undefined): Promise<WrittenPolicies> {
  const found = new Map<string, { kind: AnyApprovalPolicy['kind']; object: object }>();
  for (const kind of ['ClusterApprovalPolicy', 'ApprovalPolicy'] as const) {
    const resource = POLICIES[kind];
    try {
      for await (const { items } of listPages(cluster, resource, resource.namespaced ? { namespace } : {}))
        for (const object of items) found.set(keyOf(object, kind), { kind, object });
    } catch (error) {
      if (!(error instanceof KubeApiError && error.code === 'forbidden')) throw error;
      const where = resource.namespaced && namespace !== undefined ? ` in namespace ${namespace}` : '';
      throw new CliError(
        [
          error.answer ?? error.message,
          `the policies in force are read from the cluster: ask for \`list\` on ${resource.plural}${where} (ClusterRole assent-viewer), or give them as files with --from`,
        ],
        { cause: error },
      );
    }
  }
  return found;
}

function keyOf(object: object, kind: AnyApprovalPolicy['kind']): string {
  const catalog = createPolicyCatalog();
  catalog.observe(kind, object);
  const [entry] = catalog.entries();
  return entry ? policyKey(kind, entry.metadata) : '';
}

interface NextPolicies {
  readonly from: WrittenPolicies;
  readonly given: WrittenPolicies;
  /** Policies that are not given are taken away. */
  readonly prune: boolean;
  /** What is in shadow is judged as if it were enforced. */
  readonly enforced: boolean;
}

/** @returns the policies as they would be after `kubectl apply` of the given ones. */
export function nextPolicies({ from, given, prune, enforced }: NextPolicies): WrittenPolicies {
  const next = new Map([...(prune ? [] : from), ...given]);
  if (!enforced) return next;
  return new Map([...next].map(([key, { kind, object }]) => [key, { kind, object: enforce(object) }]));
}

function enforce(object: object): object {
  if (!('spec' in object) || typeof object.spec !== 'object' || object.spec === null) return object;
  return { ...object, spec: { ...object.spec, mode: 'Enforce' } };
}

/** What does not compile in the cluster is there as it is: it errs. Of policies that are to come it is a mistake. */
export type OnBroken = 'errs' | 'refuse';

/**
 * Compiles policies into a catalog.
 *
 * @throws CliError with every error of every policy, where those that do not compile are refused
 */
export async function compilePolicies(
  policies: WrittenPolicies,
  compiler: Compiler,
  onBroken: OnBroken,
): Promise<PolicyCatalog> {
  const catalog = createPolicyCatalog();
  const problems: string[] = [];
  for (const { kind, object } of policies.values()) catalog.observe(kind, object);
  refuseBundles(catalog);
  for (const { kind, metadata, source, state } of catalog.entries()) {
    if (state.kind === 'failed') {
      problems.push(`${kind} ${metadata.name}: ${state.problem}`);
      continue;
    }
    const result = await compiler.compile(source.kind === 'modules' ? source.modules : {});
    if (result.kind === 'compiled') {
      catalog.settle(policyKey(kind, metadata), source, { kind: 'compiled', inForce: result.policy });
      continue;
    }
    const { errors } = result;
    const places = errors.map(({ file, line, column, message }) => `${file}:${line}:${column}: ${message}`);
    problems.push(...places.map((place) => `${kind} ${metadata.name}: ${place}`));
    const problem = `the policy does not compile: ${places.join('; ')}`;
    catalog.settle(policyKey(kind, metadata), source, { kind: 'failed', inForce: null, errors, problem });
  }
  if (onBroken === 'refuse' && problems.length > 0) throw new CliError(problems);
  return catalog;
}

/** What a bundle holds is not known here, and an answer without it would be about other policies. */
function refuseBundles(catalog: PolicyCatalog): void {
  const inBundles = catalog.entries().filter(({ source }) => source.kind === 'bundle');
  if (inBundles.length === 0) return;
  throw new CliError(
    inBundles.map(
      ({ kind, metadata }) =>
        `${kind} ${metadata.name} comes in a bundle, which is not fetched here: \`assent policy bundle pull\` it, and give the policies of today as files with --from`,
    ),
  );
}
