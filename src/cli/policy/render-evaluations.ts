import { stringify } from 'yaml';
import type { Paint } from '../paint.ts';
import { printable } from '../printable.ts';
import type { PolicyEvaluation } from './evaluate-subject.ts';

export const EVALUATION_FORMATS = ['pretty', 'json', 'yaml'] as const;
export type EvaluationFormat = (typeof EVALUATION_FORMATS)[number];

const COLOURS = { allow: 'green', require: 'yellow', deny: 'red', error: 'red', skipped: 'dim' } as const;

/** @returns what each policy answers. */
export function renderEvaluations(
  evaluations: readonly PolicyEvaluation[],
  format: EvaluationFormat,
  paint: Paint,
): string {
  switch (format) {
    case 'json':
      return `${JSON.stringify(evaluations, null, 2)}\n`;
    case 'yaml':
      return stringify(evaluations);
    case 'pretty':
      return evaluations.map((evaluation) => renderEvaluation(evaluation, paint)).join('\n');
  }
}

function renderEvaluation(
  { version, policy, outcome, reasons, document, evaluationMicroseconds }: PolicyEvaluation,
  paint: Paint,
): string {
  const head = `${version}: ${policy}: ${paint(COLOURS[outcome], outcome)}`;
  if (outcome === 'skipped') return `${head}: it does not match the version\n`;
  const why = reasons.map((reason) => `  ${printable(reason)}\n`).join('');
  const text = document === null ? '' : `${JSON.stringify(document, null, 2).replaceAll(/^/gm, '  ')}\n`;
  return `${head} (${evaluationMicroseconds} µs)\n${why}${text}`;
}
