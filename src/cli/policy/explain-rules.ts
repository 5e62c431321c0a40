import type { InstrumentedPolicy, TracedExpression, TracePoint } from '../../rego/index.ts';
import { adviseExpression } from './advise-expression.ts';
import type { Place } from './policy-source.ts';

const OUTPUTS = ['allow', 'deny', 'require', 'warn'] as const;

/** What an expression read, and from which values; null: it has none. */
interface ReadValue {
  readonly term: string;
  readonly value: string | null;
}

/** One expression of a rule, as the evaluation met it. */
export interface ExplainedExpression extends Place {
  readonly text: string;
  readonly values: readonly ReadValue[];
  /** What is the case, and what would make it pass; of one that passed, what would not. */
  readonly advice: string;
  /** The rules that gave its terms no value, each with where it ended. */
  readonly because: readonly ExplainedRule[];
}

/** One rule, and how far its evaluation came. */
export interface ExplainedRule extends Place {
  readonly name: string;
  readonly text: string;
  readonly holds: boolean;
  /** Of a rule that holds: all of its expressions. Of one that does not: the first that failed. */
  readonly expressions: readonly ExplainedExpression[];
}

/** How deep rules are explained by the rules that they read. */
const DEEPEST = 4;

/**
 * @param trace of one evaluation of the policy
 * @returns the rules that decide, in the order of the sources
 */
export function explainRules(
  { rules, sites }: InstrumentedPolicy,
  trace: readonly TracePoint[],
  locate: (place: Place) => Place,
): readonly ExplainedRule[] {
  const passed = new Map(trace.map((point) => [point.site, point]));

  const explainRule = (index: number, depth: number): ExplainedRule | null => {
    const rule = rules[index];
    if (!rule) return null;
    const own = sites.map((site, at) => ({ ...site, point: passed.get(at) })).filter((site) => site.rule === index);
    const end = own.find(({ expression }) => expression === null);
    const holds = end?.point !== undefined;
    const met = own.flatMap(({ expression, point }) => (expression && point ? [{ expression, point }] : []));
    const shown = holds ? met : met.slice(-1);
    const place = locate({ file: rule.file, line: rule.line, column: rule.column });
    return {
      ...place,
      name: rule.path.slice(1).join('.'),
      text: rule.text,
      holds,
      expressions: shown.map(({ expression, point }) =>
        explainExpression(expression, { point, file: rule.file, holds, depth }),
      ),
    };
  };

  const explainExpression = (
    { text, line, column, negated, operator, terms }: TracedExpression,
    { point, file, holds, depth }: { point: TracePoint; file: string; holds: boolean; depth: number },
  ): ExplainedExpression => {
    const values = terms.map((term, index) => ({ term, value: point.values[index] ?? null }));
    const advice = adviseExpression({ operator, negated, values, holds });
    // A constant explains itself.
    const read = values.filter(({ term, value }) => term !== value);
    // Where something is missing, that has brought the rule to its end; behind `not` it has let the rule hold.
    const matters = negated === holds && depth < DEEPEST;
    const missing = read.filter(({ value }) => value === null);
    const because = (matters ? missing : []).flatMap(({ term }) => explainNamed(term, depth + 1));
    return { ...locate({ file, line, column }), text, values: read, advice, because };
  };

  /** A term that is another rule's name. */
  const explainNamed = (term: string, depth: number): readonly ExplainedRule[] => {
    const name = /^[a-zA-Z_]\w*/.exec(term)?.[0];
    return rules.flatMap(({ path }, index) => {
      if (path.at(-1) !== name) return [];
      const explained = explainRule(index, depth);
      return explained ? [explained] : [];
    });
  };

  return rules.flatMap(({ path }, index) => {
    if (!OUTPUTS.some((output) => output === path.at(-1))) return [];
    const explained = explainRule(index, 0);
    return explained ? [explained] : [];
  });
}
