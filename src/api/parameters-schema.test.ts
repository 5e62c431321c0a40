import { expect, test } from 'vitest';
import { findParameterProblems } from './parameters-schema.ts';

const SCHEMA = {
  type: 'object',
  properties: {
    threshold: { type: 'number', exclusiveMinimum: 0, maximum: 1, description: 'A share.' },
    metric: { type: 'string', enum: ['accuracy', 'auc'], default: 'accuracy' },
    runs: { type: 'integer', minimum: 1 },
    teams: { type: 'array', items: { type: 'string', minLength: 2 }, minItems: 1, maxItems: 2 },
    weights: { type: 'object', additionalProperties: { type: 'number' } },
    strict: { type: 'boolean' },
  },
  required: ['threshold'],
  additionalProperties: false,
};

const told = (parameters: unknown, parametersSchema: unknown = SCHEMA) =>
  findParameterProblems({ parameters, parametersSchema }).map(({ path, message }) => `${path.join('.')}: ${message}`);

test('without a schema anything goes', () => {
  expect(findParameterProblems({ parameters: { threshold: 'much' } })).toEqual([]);
});

test('parameters that fit have no problems', () => {
  const teams = ['risk', 'ml'];
  const weights = { a: 0.5, b: 2 };
  expect(told({ threshold: 0.9, metric: 'auc', runs: 3, teams, weights, strict: true })).toEqual([]);
  expect(told({ threshold: 1 })).toEqual([]);
});

test.for<readonly [unknown, readonly string[]]>([
  [{ threshold: 90 }, ['parameters.threshold: found 90: write at most 1']],
  [{ threshold: 0 }, ['parameters.threshold: found 0: write more than 0']],
  [{ threshold: '0.9' }, ['parameters.threshold: found "0.9": write a number, without quotes']],
  [{ threshold: 0.9, runs: 1.5 }, ['parameters.runs: found 1.5: write a whole number']],
  [{ threshold: 0.9, metric: 'f1' }, ['parameters.metric: found "f1": write accuracy or auc']],
  [{ threshold: 0.9, teams: [] }, ['parameters.teams: it has 0 entries: give it at least 1']],
  [{ threshold: 0.9, teams: ['a'] }, ['parameters.teams.0: it has 1 character: give it at least 2']],
  [{ threshold: 0.9, weights: { a: 'x' } }, ['parameters.weights.a: found "x": write a number']],
  [
    { treshold: 0.9 },
    [
      'parameters.threshold: it is missing: write a number',
      'parameters.treshold: there is no such field: did you mean threshold?',
    ],
  ],
  [undefined, ['parameters.threshold: it is missing: write a number']],
])('%j does not fit, and each place is told', ([parameters, problems]) => {
  expect(told(parameters)).toEqual(problems);
});

test('what must be given and is not described must be given all the same', () => {
  expect(told({}, { type: 'object', required: ['threshold'] })).toEqual(['parameters.threshold: it must be given']);
  expect(told({ threshold: null }, { type: 'object', required: ['threshold'] })).toEqual([]);
});

test.for<readonly [string, unknown]>([
  ['no object', true],
  ['of another type than object', { type: 'number' }],
  ['a part without a type', { type: 'object', properties: { a: { minimum: 3 } } }],
  ['an unknown type', { type: 'object', properties: { a: { type: 'strng' } } }],
  ['a keyword at the wrong type', { type: 'object', properties: { a: { type: 'string', minimum: 3 } } }],
  ['a misspelt keyword', { type: 'object', propertys: {} }],
  ['a pattern, which may run for ever', { type: 'object', properties: { a: { type: 'string', pattern: '(a+)+$' } } }],
  ['a reference, which may have no end', { type: 'object', properties: { a: { $ref: '#' } } }],
  ['alternatives', { anyOf: [{ type: 'object' }] }],
])('a schema with %s is refused', ([, schema]) => {
  expect(told({}, schema)[0]).toMatch(/^parametersSchema/);
});

test('neither a deep nor a large schema, nor large parameters, take long', () => {
  let deep: unknown = { type: 'object' };
  for (let level = 0; level < 10_000; level++) deep = { type: 'object', properties: { a: deep } };
  expect(told({}, deep)).toEqual([expect.stringContaining('levels deep')]);
  const names = Array.from({ length: 300 }, (_, at) => `p${at}`);
  const wide = { type: 'object', properties: Object.fromEntries(names.map((name) => [name, { type: 'number' }])) };
  expect(told({}, wide)).toEqual([expect.stringContaining('more than 256 parts')]);
  const long = { threshold: 0.9, teams: [`${'x'.repeat(70_000)}`] };
  expect(told(long)).toEqual([expect.stringContaining('at most 64 KiB')]);
});
