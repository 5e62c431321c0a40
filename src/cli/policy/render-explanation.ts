import { stringify } from 'yaml';
import { type Paint, styleOf } from '../paint.ts';
import { printable } from '../printable.ts';
import type { ExplainedPolicy, Explanation, StandingDecision } from './explain-decision.ts';
import type { ExplainedExpression, ExplainedRule } from './explain-rules.ts';

export const EXPLANATION_FORMATS = ['pretty', 'json', 'yaml'] as const;
export type ExplanationFormat = (typeof EXPLANATION_FORMATS)[number];

const VERBS = {
  Approved: ['is approved', 'True'],
  Pending: ['waits', 'Unknown'],
  Rejected: ['is rejected', 'False'],
  Error: ['cannot be decided', 'Unknown'],
} as const;

/** @returns why a version is where it is, and what would change that. */
export function renderExplanation(
  explanation: Explanation & { readonly stands?: StandingDecision | null },
  format: ExplanationFormat,
  paint: Paint,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(explanation, null, 2)}\n`;
    case 'yaml':
      return stringify(explanation);
    case 'pretty': {
      const { version, outcome, message, policies, skipped, stands } = explanation;
      const [verb, status] = VERBS[outcome];
      const decided = stands ? `${version}: ${stands.reason}: ${printable(stands.message)}\n` : '';
      // What people decided stands; policies tell only what they would say now.
      const subject = stands ? 'By its policies, as they are now, it' : version;
      const head = `${decided}${subject} ${paint(styleOf(status), verb)}: ${printable(message)}\n`;
      const blocks = policies.map((policy) => `\n${renderPolicy(policy, paint)}`);
      const others = skipped.length > 0 ? `\nDo not match it: ${skipped.join(', ')}\n` : '';
      return `${head}${blocks.join('')}${others}`;
    }
  }
}

function renderPolicy({ policy, outcome, shadow, reasons, rules }: ExplainedPolicy, paint: Paint): string {
  const head = `${paint('bold', policy)}: ${outcome}${shadow ? ', but it decides nothing (mode: Shadow)' : ''}\n`;
  if (outcome === 'error') return `${head}${reasons.map((reason) => `  ${printable(reason)}\n`).join('')}`;
  // What holds has brought the outcome about; an allow that does not hold tells what is missing.
  const shown = rules.filter(
    ({ name, holds }) => (holds && name === outcome) || (outcome !== 'allow' && name === 'allow' && !holds),
  );
  if (shown.length === 0) return `${head}  no rule says anything of it\n`;
  return head + shown.map((rule) => renderRule(rule, paint, '  ')).join('');
}

function renderRule(
  { name, holds, file, line, text, expressions }: ExplainedRule,
  paint: Paint,
  indent: string,
): string {
  const verb = holds ? `${name} holds` : `${name} does not hold`;
  const [first = ''] = text.split('\n');
  const head = `${indent}${verb} ${paint('dim', `(${file}:${line})`)}\n`;
  const within = `${indent}  `;
  // A rule without expressions is told by itself.
  const body =
    expressions.length > 0
      ? expressions.map((expression) => renderExpression(expression, paint, within)).join('')
      : `${within}${printable(first)}\n`;
  return head + body;
}

function renderExpression(
  { file, line, text, values, advice, because }: ExplainedExpression,
  paint: Paint,
  indent: string,
): string {
  const read = values.map(({ term, value }) => `${indent}  ${printable(term)} = ${printable(value ?? 'nothing')}\n`);
  const told = advice === '' ? '' : `${indent}  ${paint('bold', printable(advice))}\n`;
  const reasons = because.map((rule) => renderRule(rule, paint, `${indent}  `));
  const [first = ''] = text.split('\n');
  return `${indent}${printable(first)}   ${paint('dim', `${file}:${line}`)}\n${read.join('')}${told}${reasons.join('')}`;
}
