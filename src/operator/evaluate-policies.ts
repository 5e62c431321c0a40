import { buildInput, type PolicyResult, type PolicyResults, type Snapshot } from '../decision/index.ts';
import { buildLimits } from './evaluation-limits.ts';
import type { PolicyInForce } from './policy-catalog.ts';
import type { PolicyEvaluator } from './ports.ts';

/** Asks every policy that is in force; one that is not is told by its snapshot. */
export async function evaluatePolicies(
  snapshot: Snapshot,
  policies: readonly PolicyInForce[],
  evaluator: PolicyEvaluator,
): Promise<PolicyResults> {
  const input = JSON.stringify(buildInput(snapshot));
  const results = await Promise.all(
    policies.map(async ({ snapshot: { name, spec }, compiled: policy, data, dataDigest }) => {
      if (!policy) return [];
      const limits = buildLimits(spec.limits);
      const result: PolicyResult = await evaluator.evaluate({ policy, data, dataDigest, input, limits });
      return [[name, result]] as const;
    }),
  );
  return Object.fromEntries(results.flat());
}
