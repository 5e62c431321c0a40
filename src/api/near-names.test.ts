import { expect, test } from 'vitest';
import { nearNames } from './near-names.ts';

const NAMES = ['churn-2', 'churn-3', 'fraud-detector-7', 'fraud-detector-8', 'x'];

test.for([
  ['a letter left out', 'churn3', ['churn-3', 'churn-2']],
  ['a letter too many', 'churnn-3', ['churn-3', 'churn-2']],
  ['a beginning', 'fraud', ['fraud-detector-7', 'fraud-detector-8']],
  ['a few wrong letters', 'froud-dedector-7', ['fraud-detector-7', 'fraud-detector-8']],
  ['another name altogether', 'zebra', []],
  ['one letter, which is near to none but its like', 'y', ['x']],
] as const)('%s', ([, name, expected]) => {
  expect(nearNames(name, NAMES)).toEqual(expected);
});

test('no more than three names are offered', () => {
  expect(nearNames('mv', ['mv-1', 'mv-2', 'mv-3', 'mv-4'])).toEqual(['mv-1', 'mv-2', 'mv-3']);
});
