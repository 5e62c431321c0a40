import type { PolicyVerdict } from '../api/index.ts';
import { digestOf } from './canonical.ts';
import type { PolicyOutcome, Requirement } from './policy-outcome.ts';

/** Loosest first. A deny outranks an error: no cure of the error could make it an approval. */
const STRICTNESS = ['allow', 'require', 'error', 'deny'] as const satisfies readonly PolicyVerdict['outcome'][];

export interface CombinedOutcome {
  readonly kind: PolicyVerdict['outcome'];
  /** Every policy's demands, each once; they add up. */
  readonly requirements: readonly Requirement[];
  /** The reasons of the policies that decided the kind. */
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}

/**
 * The strictest outcome wins and requirements add up, so a policy more can only tighten. Without a policy a person
 * decides: anyone who holds the RBAC verb.
 *
 * @param asked more approvers, as the version itself asks for
 */
export function combineOutcomes(outcomes: readonly PolicyOutcome[], asked: readonly string[] = []): CombinedOutcome {
  const inForce = outcomes.filter(({ policy }) => policy.spec.mode !== 'Shadow');
  const strictest = inForce.map(({ kind }) => kind).reduce(stricterOf, 'allow');
  const own: readonly Requirement[] =
    asked.length > 0 ? [{ approvers: asked, count: 1, reason: 'asked for by the version' }] : [];
  const unguarded: readonly Requirement[] =
    inForce.length === 0 ? [{ approvers: [], count: 1, reason: 'no policy matches' }] : [];
  const requirements = distinct([...unguarded, ...inForce.flatMap((outcome) => outcome.requirements), ...own]);
  const kind = requirements.length > 0 ? stricterOf(strictest, 'require') : strictest;
  const deciding = inForce.filter((outcome) => outcome.kind === kind).flatMap(({ reasons }) => reasons);
  return {
    kind,
    requirements,
    reasons: distinct(inForce.length === 0 ? ['no policy matches'] : deciding).toSorted(),
    warnings: distinct(inForce.flatMap(({ warnings }) => warnings)).toSorted(),
  };
}

function stricterOf(a: PolicyVerdict['outcome'], b: PolicyVerdict['outcome']): PolicyVerdict['outcome'] {
  return STRICTNESS.indexOf(a) >= STRICTNESS.indexOf(b) ? a : b;
}

/** Each value once, in an order that does not depend on the policies' order. */
function distinct<T>(values: readonly T[]): readonly T[] {
  const byDigest = new Map(values.map((value) => [digestOf(value), value]));
  return [...byDigest].toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value);
}
