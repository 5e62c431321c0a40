import { expect, test } from 'vitest';
import { aScene } from '../../test/a-snapshot.ts';
import { buildInput } from './build-input.ts';
import { buildPolicyInputJsonSchema, PolicyInputSchema } from './policy-input-schema.ts';

test('the schema is of what buildInput builds', () => {
  const { snapshot } = aScene().submittedBy('alice');
  const champion = { ...snapshot.modelVersion, metadata: { name: 'fraud-6' } };
  for (const given of [snapshot, { ...snapshot, champion, verified: { metrics: { accuracy: 0.9 } } }])
    expect(PolicyInputSchema.parse(buildInput(given))).toEqual(buildInput(given));
});

test('what may be null is described without null, which OPA would take for anything', () => {
  expect(JSON.stringify(buildPolicyInputJsonSchema())).not.toContain('"null"');
});
