import { explainDifferences, isRecord } from './explain-differences.ts';
import { DEFAULT_GUARD_CHOICES } from './guard-choices.ts';
import { buildGuardPolicy } from './guard-policy.ts';
import { CHOSEN_VARIABLES } from './guard-variables.ts';

export interface GuardJudgement {
  /** Whether there is a guard to keep approvals for, however weak. */
  readonly installed: boolean;
  /** Where it lets more through than it was built to, beyond what may be chosen; for people. */
  readonly problems: readonly string[];
}

/**
 * Compares the deployment guard that a cluster has with the one that this version builds. What may be chosen may differ.
 *
 * @param found the policy and the binding as the API server returns them; undefined where there is none
 */
export function judgeGuard(found: { readonly policy: unknown; readonly binding: unknown }): GuardJudgement {
  if (found.policy === undefined) return { installed: false, problems: [] };
  const [policy, binding] = buildGuardPolicy(DEFAULT_GUARD_CHOICES);
  const differences = [
    ...explainDifferences(withoutChoices(policy?.spec), withoutChoices(specOf(found.policy)), 'policy: spec'),
    ...explainDifferences(binding?.spec, specOf(found.binding), 'binding: spec'),
  ];
  return { installed: true, problems: differences.map((difference) => `${difference}: install the guard again`) };
}

function specOf(object: unknown): unknown {
  return isRecord(object) ? object.spec : undefined;
}

function withoutChoices(spec: unknown): unknown {
  if (!isRecord(spec)) return spec;
  const { matchConstraints, variables, ...rest } = spec;
  const { resourceRules: _, ...constraints } = isRecord(matchConstraints) ? matchConstraints : {};
  return { ...rest, matchConstraints: constraints, variables: withoutChosen(variables) };
}

function withoutChosen(variables: unknown): unknown {
  if (!Array.isArray(variables)) return variables;
  const chosen: readonly unknown[] = CHOSEN_VARIABLES;
  return variables.filter((variable) => !(isRecord(variable) && chosen.includes(variable.name)));
}
