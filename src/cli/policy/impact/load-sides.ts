import { z } from 'zod';
import { type AnyApprovalPolicy, Metadata, type PolicyBundle } from '../../../api/index.ts';
import { BundleError, type BundleSource, fetchBundle } from '../../../distribution/index.ts';
import { type Cluster, KubeApiError, listPages } from '../../../kube/index.ts';
import {
  buildChecks,
  createObjectReader,
  createPolicyCatalog,
  describeCompileErrors,
  locateInConfigMap,
  type ObjectReader,
  POLICIES,
  type PolicyCatalog,
  type PolicyEntry,
  policyKey,
} from '../../../operator/index.ts';
import type { CompileResult, Compiler } from '../../../rego/index.ts';
import { CliError } from '../../cli-error.ts';
import { compileFetched } from '../../evaluate/load-bundle-policy.ts';
import { loadPolicies } from '../../evaluate/load-policies.ts';
import { locateInRegistry, locateOnServer } from '../bundle/locate-bundle.ts';
import { buildTransport, type RegistryOptions } from '../bundle/registry-options.ts';

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

const Named = z.object({ metadata: Metadata });

function keyOf(object: object, kind: AnyApprovalPolicy['kind']): string {
  return policyKey(kind, Named.parse(object).metadata);
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

interface CompileSideOptions {
  readonly compiler: Compiler;
  /** For policies whose rules come in bundles. */
  readonly registry: RegistryOptions;
  /** For those whose bundle is a ConfigMap; undefined where no cluster is asked. */
  readonly cluster: Cluster | undefined;
  readonly onBroken: OnBroken;
}

/**
 * Compiles policies into a catalog; rules that come in bundles are fetched.
 *
 * @throws CliError with every error of every policy, where those that do not compile are refused
 * @throws BundleError where a bundle cannot be had: an answer without it would be about other policies
 */
export async function compileSide(
  policies: WrittenPolicies,
  { compiler, registry, cluster, onBroken }: CompileSideOptions,
): Promise<PolicyCatalog> {
  const catalog = createPolicyCatalog();
  const problems: string[] = [];
  for (const { kind, object } of policies.values()) catalog.observe(kind, object);
  for (const entry of catalog.entries()) {
    const { kind, metadata, source, state } = entry;
    if (state.kind === 'failed') {
      problems.push(`${kind} ${metadata.name}: ${state.problem}`);
      continue;
    }
    const result =
      source.kind === 'modules'
        ? await compiler.compile(source.modules)
        : await compileBundleInForce(entry, source.bundle, { compiler, registry, cluster });
    if (result.kind === 'compiled') {
      catalog.settle(policyKey(kind, metadata), source, { kind: 'compiled', inForce: result.policy });
      continue;
    }
    const { errors } = result;
    problems.push(...errors.map((error) => `${kind} ${metadata.name}: ${describeCompileErrors([error])}`));
    const problem = `the policy does not compile: ${describeCompileErrors(errors)}`;
    catalog.settle(policyKey(kind, metadata), source, { kind: 'failed', inForce: null, errors, problem });
  }
  if (onBroken === 'refuse' && problems.length > 0) throw new CliError(problems);
  return catalog;
}

type BundleTools = Pick<CompileSideOptions, 'compiler' | 'registry' | 'cluster'>;

/**
 * Of a policy in the cluster, the bundle that its status names: the operator has checked who signed it. Of one in a file,
 * what it names, with the checks that it asks for.
 */
async function compileBundleInForce(
  { kind, metadata, status }: PolicyEntry,
  bundle: PolicyBundle,
  { compiler, registry, cluster }: BundleTools,
): Promise<CompileResult> {
  const own = kind === 'ApprovalPolicy' ? metadata.namespace : undefined;
  const reader = cluster ? createObjectReader(cluster, own, 'you') : WITHOUT_CLUSTER;
  const transport = buildTransport(registry);
  const { caBundle } = bundle;
  try {
    const source = await locate(bundle, reader);
    const checks = status?.bundle ? { digest: status.bundle.digest } : await buildChecks(bundle, reader);
    const fetched = await fetchBundle(source, checks, {
      ...transport,
      ...(caBundle && !transport.caBundle ? { caBundle } : {}),
    });
    return await compileFetched(fetched, compiler);
  } catch (error) {
    if (!(error instanceof BundleError)) throw error;
    throw new BundleError(error.code, `${kind} ${metadata.name}: ${error.message}`, { cause: error });
  }
}

/** With the credentials of `docker login`: those that the policy names are the operator's. */
async function locate({ oci, http, configMap }: PolicyBundle, reader: ObjectReader): Promise<BundleSource> {
  if (oci !== undefined) return locateInRegistry(oci);
  const url = http === undefined ? null : URL.parse(http);
  if (url) return locateOnServer(url);
  if (configMap) return await locateInConfigMap(configMap, reader);
  throw new BundleError('invalid', `bundle.http is ${http}; an address reads https://HOST/PATH`);
}

const refuse = (object: string) => async (): Promise<never> => {
  throw new BundleError(
    'not-found',
    `its bundle needs a ${object}, and no cluster is asked here: give the folder that the bundle is made from`,
  );
};

const WITHOUT_CLUSTER: ObjectReader = { readConfigMap: refuse('ConfigMap'), readSecret: refuse('Secret') };
