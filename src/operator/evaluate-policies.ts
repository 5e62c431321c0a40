import {
  buildInput,
  type PolicyFailure,
  type PolicyResult,
  type PolicyResults,
  type Snapshot,
} from '../decision/index.ts';
import { buildLimits } from './evaluation-limits.ts';
import { type PolicyInForce, readsInput } from './policy-catalog.ts';
import type { PolicyEvaluator } from './ports.ts';

/**
 * Asks every policy that is in force; one that is not is told by its snapshot.
 *
 * @param refusal says why a policy, by its name in the snapshot, is not to be asked now
 */
export async function evaluatePolicies(
  snapshot: Snapshot,
  policies: readonly PolicyInForce[],
  evaluator: PolicyEvaluator,
  refusal: (name: string) => PolicyFailure | null = () => null,
): Promise<PolicyResults> {
  // Only attestations differ from policy to policy.
  const shared = snapshot.verified.attestations ? null : JSON.stringify(buildInput(snapshot));
  const doubt = doubtChampion(snapshot);
  const results = await Promise.all(
    policies.map(async ({ snapshot: asked, compiled: policy, data, dataDigest }) => {
      const { name, spec } = asked;
      if (!policy) return [];
      if (doubt !== null && readsInput(policy, 'champion')) return [[name, doubt]] as const;
      const refused = refusal(name);
      if (refused) return [[name, refused]] as const;
      const limits = buildLimits(spec.limits);
      const input = shared ?? JSON.stringify(buildInput(snapshot, asked));
      const result: PolicyResult = await evaluator.evaluate({ policy, data, dataDigest, input, limits });
      return [[name, result]] as const;
    }),
  );
  return Object.fromEntries(results.flat());
}

/**
 * A champion whose spec has changed since it was approved holds its stage by what it said before: an editor could lower
 * its metrics, and a weak challenger would pass.
 */
function doubtChampion({ champion, championProblem }: Snapshot): PolicyFailure | null {
  if (championProblem !== undefined)
    return doubt(`the champion ${championProblem}; nothing is compared with it until it is repaired`);
  const decision = champion?.status?.decision;
  // A champion in a file may have a stage and no decision: whoever wrote the file vouches for it.
  if (!champion || !decision) return null;
  if (decision.outcome === 'Approved' && decision.generation === champion.metadata.generation) return null;
  const { name } = champion.metadata;
  return doubt(
    `the champion ${name} has changed and waits for a decision itself: nothing is compared with it until then`,
  );
}

function doubt(message: string): PolicyFailure {
  return { kind: 'error', code: 'champion-undecided', message, evaluationMicroseconds: 0 };
}
