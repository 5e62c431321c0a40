interface MetExpression {
  /** Of a comparison, as OPA names it; else empty. */
  readonly operator: string;
  readonly negated: boolean;
  /** Of a comparison its operands first. */
  readonly values: readonly { readonly term: string; readonly value: string | null }[];
  /** Whether its rule holds: then it passed, else it is where the rule ended. */
  readonly holds: boolean;
}

/** How a comparison reads from its left side, and from its right. */
const COMPARISONS: Readonly<Record<string, readonly [left: string, right: string]>> = {
  gt: ['more than', 'less than'],
  gte: ['at least', 'at most'],
  lt: ['less than', 'more than'],
  lte: ['at most', 'at least'],
  equal: ['exactly', 'exactly'],
  neq: ['anything but', 'anything but'],
};

/** What does not hold where the comparison does. */
const OPPOSITES: Readonly<Record<string, string>> = {
  gt: 'lte',
  gte: 'lt',
  lt: 'gte',
  lte: 'gt',
  equal: 'neq',
  neq: 'equal',
};

/** @returns what is the case, and what would make it otherwise, for people. */
export function adviseExpression({ operator, negated, values, holds }: MetExpression): string {
  const missing = values.filter(({ value }) => value === null).map(({ term }) => term);
  if (negated) return adviseNegation(values, missing, holds);
  if (missing.length > 0 && !holds) return `${missing.map(describeMissing).join('; ')}`;
  const wanted = holds ? OPPOSITES[operator] : operator;
  const words = wanted === undefined ? undefined : COMPARISONS[wanted];
  const [left, right] = values;
  if (words && left?.value && right?.value) {
    const turned = isGiven(left.term) && !isGiven(right.term);
    const [subject, bound] = turned ? [right, left] : [left, right];
    const needs = `${words[turned ? 1 : 0]} ${describe(bound)}`;
    const is = subject.term === subject.value ? subject.value : `${subject.term} is ${subject.value}`;
    return holds ? `${is}; it would not be so with ${needs}` : `${is}; this needs ${needs}`;
  }
  if (holds) return '';
  const [first] = values;
  if (first?.value === 'false') return `${first.term} is false; this needs it to be true`;
  return 'nothing fits it';
}

function adviseNegation(values: MetExpression['values'], missing: readonly string[], holds: boolean): string {
  if (holds) return missing.length > 0 ? `${missing.join(', ')} ${missing.length > 1 ? 'have' : 'has'} no value` : '';
  const found = values.filter(({ value }) => value !== null).map(({ term, value }) => `${term} is ${value}`);
  return `${found.join(', ') || 'it is so'}; this needs it not to be so`;
}

/** What is beneath `input` is given by somebody; all else is what a policy says. */
function describeMissing(term: string): string {
  if (term.startsWith('input.modelVersion.'))
    return `${term.slice('input.modelVersion.'.length)} of the version is not given: give it`;
  if (term.startsWith('input.champion')) return `${term} is not there: no version holds the stage, or it lacks this`;
  if (term.startsWith('input.submitter')) return `${term} has no value: nothing vouches for who submitted the version`;
  if (term.startsWith('data.parameters.')) return `${term} is not given: give it in spec.parameters of the policy`;
  return `${term} has no value`;
}

/** Constants and parameters are what a version is measured by. */
function isGiven(term: string): boolean {
  return /^(data\.|["\d[{-]|true$|false$|null$)/.test(term);
}

function describe({ term, value }: { readonly term: string; readonly value: string | null }): string {
  return term === value ? `${value}` : `${value} (${term})`;
}
