import { expect, test } from 'vitest';
import { stringify } from 'yaml';
import { parseManifests } from '../load-manifests.ts';
import { loadSubmitted } from './load-submitted.ts';

const read = (name: string) => {
  const spec = { model: 'fraud', version: '7', stage: 'Production' };
  const text = stringify({ apiVersion: 'assent.dev/v1alpha1', kind: 'ModelVersion', metadata: { name }, spec });
  return loadSubmitted(['fraud.yaml'], parseManifests('fraud.yaml', text));
};

test.for([['fraud-7'], ['7.fraud'], ['a'.repeat(253)]] as const)('a version may be called %s', ([name]) => {
  expect(read(name).versions).toMatchObject([{ metadata: { name } }]);
});

test.for([['Fraud_7'], ['fraud-7-'], ['-7'], ['fraud..7'], ['fraud/7'], ['a'.repeat(254)], ['']] as const)(
  'the API server would refuse a version called "%s", and so is it here, with its place',
  ([name]) => {
    expect(() => read(name)).toThrow(
      'fraud.yaml:4:9: metadata.name: a name has at most 253 lowercase letters, digits, - and ., and each of its parts begins and ends with a letter or digit, as in fraud-7',
    );
  },
);
