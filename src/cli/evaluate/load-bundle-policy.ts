import { type AnyApprovalPolicy, API_VERSION } from '../../api/index.ts';
import { type FetchedBundle, fetchBundle } from '../../distribution/index.ts';
import { compileBundled } from '../../operator/index.ts';
import type { CompileResult, Compiler } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { isBundlePlace } from '../policy/bundle/bundle-place.ts';
import { locateBundle } from '../policy/bundle/locate-bundle.ts';
import { buildTransport, type RegistryOptions } from '../policy/bundle/registry-options.ts';
import { loadPolicies } from './load-policies.ts';

/**
 * As `loadPolicies`, of bundles too.
 *
 * @throws CliError, BundleError
 */
export async function loadPoliciesAndBundles(
  paths: readonly string[],
  registry: RegistryOptions,
): Promise<readonly AnyApprovalPolicy[]> {
  const { bundles, others } = splitBundles(paths);
  return [...loadPolicies(others), ...(await Promise.all(bundles.map((place) => loadBundlePolicy(place, registry))))];
}

/** @returns the paths that are bundles, and the others */
export function splitBundles(paths: readonly string[]): {
  readonly bundles: readonly string[];
  readonly others: readonly string[];
} {
  return { bundles: paths.filter(isBundlePlace), others: paths.filter((path) => !isBundlePlace(path)) };
}

/**
 * Reads a bundle as a policy that judges every version: what it matches stands in the policy that refers to it. Its Rego is
 * compiled anew.
 *
 * @throws CliError, BundleError
 */
async function loadBundlePolicy(place: string, registry: RegistryOptions): Promise<AnyApprovalPolicy> {
  const fetched = await fetchBundle(locateBundle(place), {}, buildTransport(registry));
  const { modules = {}, data: brought = {} } = fetched.kind === 'fetched' ? fetched.bundle : {};
  if (Object.keys(modules).length === 0)
    throw new CliError([`${place}: holds policy.wasm and no Rego; here a policy is compiled from its Rego`]);
  const { parameters = {}, ...data } = brought;
  if (!isRecord(parameters)) throw new CliError([`${place}: data.parameters of a policy is an object`]);
  return {
    apiVersion: API_VERSION,
    kind: 'ClusterApprovalPolicy',
    // No name of an object has a slash or a suffix like this: it takes no other policy's place.
    metadata: { name: place, generation: 1 },
    spec: { modules: { ...modules }, data, parameters },
  };
}

/** @returns the policy as the operator would have it in force: compiled already, or of the Rego. */
export async function compileBundle(
  place: string,
  registry: RegistryOptions,
  compiler: Compiler,
): Promise<CompileResult> {
  return compileFetched(await fetchBundle(locateBundle(place), {}, buildTransport(registry)), compiler);
}

/** @param fetched where nothing was known of the bundle before */
export async function compileFetched(fetched: FetchedBundle, compiler: Compiler): Promise<CompileResult> {
  if (fetched.kind === 'unchanged') throw new Error('nothing was known of the bundle before');
  return compileBundled(fetched.bundle, compiler);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
