import fc from 'fast-check';
import { expect, test } from 'vitest';
import { modelVersionName } from './model-version-name.ts';

test.each([
  ['fraud-detector', '7', 'fraud-detector-7'],
  ['a.b', '1', /^a-b-1-[0-9a-f]{8}$/],
  ['MyModel', '2', /^mymodel-2-[0-9a-f]{8}$/],
  ['модель', '1', /^1-[0-9a-f]{8}$/],
  ['модель', 'ё', /^model-[0-9a-f]{8}$/],
  ['x'.repeat(80), '1', /^x{54}-[0-9a-f]{8}$/],
])('version of %s', (model, version, name) => {
  expect(modelVersionName(model, version)).toMatch(name);
});

test('any model and version give a name that Kubernetes takes, as a label too', () => {
  fc.assert(
    fc.property(fc.string({ minLength: 1 }), fc.string({ minLength: 1 }), (model, version) => {
      expect(modelVersionName(model, version)).toMatch(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/);
    }),
  );
});

test('two models that look alike have two names', () => {
  expect(modelVersionName('My_Model', '1')).not.toBe(modelVersionName('my.model', '1'));
});
