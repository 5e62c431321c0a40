import { expect, test } from 'vitest';
import { adviseExpression } from './advise-expression.ts';

const values = (...pairs: readonly (readonly [term: string, value: string | null])[]) =>
  pairs.map(([term, value]) => ({ term, value }));
const failed = { negated: false, holds: false, operator: '' };

test.for<readonly [what: string, met: Parameters<typeof adviseExpression>[0], advice: string]>([
  [
    'a value below a constant',
    { ...failed, operator: 'gt', values: values(['accuracy', '0.85'], ['0.9', '0.9']) },
    'accuracy is 0.85; this needs more than 0.9',
  ],
  [
    'a value below a parameter',
    { ...failed, operator: 'gte', values: values(['accuracy', '0.85'], ['data.parameters.min', '0.9']) },
    'accuracy is 0.85; this needs at least 0.9 (data.parameters.min)',
  ],
  [
    'a comparison the other way round',
    { ...failed, operator: 'lt', values: values(['0.9', '0.9'], ['accuracy', '0.85']) },
    'accuracy is 0.85; this needs more than 0.9',
  ],
  [
    'another text',
    { ...failed, operator: 'equal', values: values(['input.submitter.user', '"bob"'], ['"ci"', '"ci"']) },
    'input.submitter.user is "bob"; this needs exactly "ci"',
  ],
  [
    'a metric that is not given',
    { ...failed, operator: 'gt', values: values(['input.modelVersion.spec.metrics.auc', null], ['0.9', '0.9']) },
    'spec.metrics.auc of the version is not given: give it',
  ],
  ['another rule without a value', { ...failed, values: values(['good', null]) }, 'good has no value'],
  ['a rule that is false', { ...failed, values: values(['good', 'false']) }, 'good is false; this needs it to be true'],
  [
    'something that must not be',
    { ...failed, negated: true, values: values(['input.champion', '{}']) },
    'input.champion is {}; this needs it not to be so',
  ],
  [
    'a rule that holds, by what would end it',
    { ...failed, holds: true, operator: 'gt', values: values(['accuracy', '93'], ['1', '1']) },
    'accuracy is 93; it would not be so with at most 1',
  ],
  [
    'a rule that holds because something is missing',
    { ...failed, holds: true, negated: true, values: values(['has_card', null]) },
    'has_card has no value',
  ],
])('tells of %s', ([, met, advice]) => {
  expect(adviseExpression(met)).toBe(advice);
});
