import type { AnyApprovalPolicy, ModelVersion } from '../../api/index.ts';
import { buildInput } from '../../decision/index.ts';
import { buildLimits } from '../../operator/index.ts';
import { measurePolicy, type PolicyMeasurement } from '../../rego/index.ts';
import { CliError } from '../cli-error.ts';
import { decideOffline } from '../evaluate/decide-offline.ts';
import { compilePolicies, findChampion } from '../evaluate/evaluate-offline.ts';
import type { Submitted } from '../evaluate/load-submitted.ts';
import { regoPaths } from '../rego-paths.ts';
import type { RegoTools } from './rego-tools.ts';

/** What one policy costs for one version. Times are microseconds. */
export interface BenchRow {
  readonly policy: string;
  readonly version: string;
  readonly evaluations: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly evaluationsPerSecond: number;
  readonly memoryBytes: number;
}

const WARM_UPS = 500;

/**
 * Measures every policy that matches, for each version.
 *
 * @throws CliError where a policy does not compile, errs, or none matches
 */
export async function benchPolicies(
  { versions, namespaces }: Submitted,
  policies: readonly AnyApprovalPolicy[],
  { durationMs, now, compiler, evaluator }: RegoTools & { readonly durationMs: number; readonly now: string },
): Promise<readonly BenchRow[]> {
  const catalog = await compilePolicies(policies, compiler);
  const rows: BenchRow[] = [];
  for (const modelVersion of versions) {
    const labels = namespaces.get(modelVersion.metadata.namespace ?? 'default') ?? {};
    const champion = findChampion(modelVersion, versions);
    const given = { modelVersion, champion, labels, submitter: null, verified: {}, now };
    const decided = await decideOffline(given, { catalog, evaluator });
    for (const { snapshot, compiled: policy, data, dataDigest } of decided.policies) {
      if (!policy) continue;
      requireValue(modelVersion, snapshot.name, decided.results[snapshot.name]);
      const input = JSON.stringify(buildInput(decided.snapshot, snapshot));
      const request = { policy, data, dataDigest, input, limits: buildLimits(snapshot.spec.limits) };
      const measured = await measurePolicy(request, { reactor: regoPaths().reactor, warmUps: WARM_UPS, durationMs });
      rows.push(summarise(snapshot.name, modelVersion, measured));
    }
  }
  if (rows.length === 0) {
    const names = versions.map(({ metadata }) => metadata.name).join(', ');
    throw new CliError([`no policy matches ${names}: there is nothing to measure`]);
  }
  return rows;
}

/** An evaluation that does not end would hold this program up. */
function requireValue(
  { metadata }: ModelVersion,
  policy: string,
  result: Awaited<ReturnType<typeof decideOffline>>['results'][string] | undefined,
): void {
  if (result?.kind === 'value') return;
  throw new CliError([`${policy} errs for ${metadata.name}: ${result?.message ?? 'it was not evaluated'}`]);
}

function summarise(policy: string, { metadata }: ModelVersion, measured: PolicyMeasurement): BenchRow {
  const { microseconds, memoryBytes } = measured;
  const quantile = (share: number) =>
    Math.round((microseconds[Math.floor(microseconds.length * share)] ?? 0) * 100) / 100;
  const total = microseconds.reduce((sum, each) => sum + each, 0);
  return {
    policy,
    version: metadata.name,
    evaluations: microseconds.length,
    p50: quantile(0.5),
    p95: quantile(0.95),
    p99: quantile(0.99),
    evaluationsPerSecond: Math.round((microseconds.length / total) * 1_000_000),
    memoryBytes,
  };
}
