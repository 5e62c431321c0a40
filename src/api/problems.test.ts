import { expect, test } from 'vitest';
import { z } from 'zod';
import { listProblems, renderProblem } from './problems.ts';

const Schema = z.strictObject({
  name: z.string().min(1).max(5).optional(),
  count: z.number().int().min(1).max(64).optional(),
  share: z.number().gt(0).lt(1).multipleOf(0.25).optional(),
  mode: z.enum(['Enforce', 'Shadow']).optional(),
  kind: z.literal('Policy').optional(),
  on: z.boolean().optional(),
  teams: z.array(z.string()).max(2).optional(),
  labels: z.record(z.string(), z.string()).optional(),
  match: z.strictObject({ models: z.array(z.string()).optional() }).optional(),
  worded: z.string('a worded field reads so').optional(),
  part: z
    .discriminatedUnion('type', [z.object({ type: z.literal('a') }), z.object({ type: z.literal('b') })])
    .optional(),
});

const told = (value: unknown, schema: z.ZodType = Schema) => {
  const { error } = schema.safeParse(value);
  return error ? listProblems(error).map(renderProblem) : [];
};

test.for<readonly [unknown, string]>([
  [[], 'found a list: write a map of fields'],
  [{ name: 7 }, 'name: found 7: write a text, in quotes'],
  [{ name: null }, 'name: it is empty: write a text'],
  [{ name: '' }, 'name: it is empty: give it at least 1 character'],
  [{ name: 'longer' }, 'name: it has 6 characters: give it at most 5'],
  [{ count: '2' }, 'count: found "2": write a number, without quotes'],
  [{ count: 'two' }, 'count: found "two": write a number'],
  [{ count: 1.5 }, 'count: found 1.5: write a whole number'],
  [{ count: 0 }, 'count: found 0: write at least 1'],
  [{ count: 65 }, 'count: found 65: write at most 64'],
  [{ share: 0 }, 'share: found 0: write more than 0'],
  [{ share: 1 }, 'share: found 1: write less than 1'],
  [{ share: 0.3 }, 'share: found 0.3: write a multiple of 0.25'],
  [{ mode: 'shadow' }, 'mode: found "shadow": write Enforce or Shadow; did you mean Shadow?'],
  [{ mode: 'SHADOW' }, 'mode: found "SHADOW": write Enforce or Shadow; did you mean Shadow?'],
  [{ mode: 'Off' }, 'mode: found "Off": write Enforce or Shadow'],
  [{ kind: 'Polcy' }, 'kind: found "Polcy": write Policy'],
  [{ on: 'yes' }, 'on: found "yes": write true or false'],
  [{ teams: 'risk-team' }, 'teams: found "risk-team": write a list, as in ["risk-team"]'],
  [{ teams: ['a', 'b', 'c'] }, 'teams: it has 3 entries: give it at most 2'],
  [{ labels: ['a'] }, 'labels: found a list: write a map of names and values'],
  [{ labels: { a: { b: 1 } } }, 'labels.a: found a map: write a text'],
  [{ match: { model: [] } }, 'match.model: there is no such field: did you mean models?'],
  [{ match: { kinds: [] } }, 'match.kinds: there is no such field; there is models'],
  [{ worded: 7 }, 'worded: a worded field reads so'],
  [{ part: { type: 'c' } }, 'part.type: found "c": write a or b'],
  [{ kind: 'x'.repeat(100) }, `kind: found "${'x'.repeat(64)}…": write Policy`],
  [{ kind: 'a\nb\u001b[31m' }, 'kind: found "a\\nb\\u001b[31m": write Policy'],
])('%j is told what it is, and what would be right', ([value, says]) => {
  expect(told(value)).toEqual([says]);
});

test('each unknown field is a problem of its own, at its own place', () => {
  expect(told({ mod: 1, matches: 2 })).toEqual([
    'mod: there is no such field: did you mean mode?',
    'matches: there is no such field: did you mean match?',
  ]);
});

test('of a thousand unknown fields ten are told, and how many there are besides', () => {
  const problems = told(Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`zz${index}`, 1])));
  expect(problems).toHaveLength(11);
  expect(problems.at(-1)).toContain('990');
});

test('what is missing says so', () => {
  expect(told({}, z.object({ spec: z.object({}) }))).toEqual(['spec: it is missing: write a map of fields']);
});
