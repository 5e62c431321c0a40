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
  [{ threshold: 90 }, ['parameters.threshold: Too big: expected number to be <=1']],
  [{ threshold: 0 }, ['parameters.threshold: Too small: expected number to be >0']],
  [{ threshold: '0.9' }, ['parameters.threshold: Invalid input: expected number, received string']],
  [{ threshold: 0.9, runs: 1.5 }, ['parameters.runs: Invalid input: expected int, received number']],
  [{ threshold: 0.9, metric: 'f1' }, ['parameters.metric: Invalid option: expected one of "accuracy"|"auc"']],
  [{ threshold: 0.9, teams: [] }, ['parameters.teams: Too small: expected array to have >=1 items']],
  [{ threshold: 0.9, teams: ['a'] }, ['parameters.teams.0: Too small: expected string to have >=2 characters']],
  [{ threshold: 0.9, weights: { a: 'x' } }, ['parameters.weights.a: Invalid input: expected number, received string']],
  [
    { treshold: 0.9 },
    [
      'parameters.threshold: Invalid input: expected number, received undefined',
      'parameters: Unrecognized key: "treshold"',
    ],
  ],
  [undefined, ['parameters.threshold: Invalid input: expected number, received undefined']],
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
