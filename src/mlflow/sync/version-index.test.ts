import { expect, it } from 'vitest';
import type { SeenVersion } from '../ports.ts';
import { createVersionIndex } from './version-index.ts';

const seen = (model: string, version: string): SeenVersion => ({
  generation: 1,
  model,
  version,
  registry: 'mlflow',
  stage: 'None',
  needsWork: true,
  exportPending: false,
  movedAt: '',
});

it('finds the version of the usual name among several of the same registered version', () => {
  const index = createVersionIndex();
  for (const name of ['risk/a-claim', 'risk/fraud-7', 'risk/z-claim']) index.observe(name, seen('fraud', '7'));
  expect(index.find('fraud', '7')).toBe('risk/fraud-7');
  index.observe('risk/fraud-7', undefined);
  expect(index.find('fraud', '7')).toBe('risk/a-claim');
});

it('forgets a version that is gone, and one that became another', () => {
  const index = createVersionIndex();
  index.observe('risk/x', seen('fraud', '7'));
  index.observe('risk/x', seen('churn', '1'));
  expect([index.find('fraud', '7'), index.find('churn', '1'), index.size]).toEqual([undefined, 'risk/x', 1]);
  index.observe('risk/x', undefined);
  expect([[...index.models()], index.size]).toEqual([[], 0]);
});
