import { expect, test } from 'vitest';
import type { EvaluationResult } from '../../src/rego/index.ts';
import type { ConformanceCase } from './conformance-case.ts';
import { judgeByNative, judgeRefusal, judgeResult } from './judge-case.ts';

const aCase: ConformanceCase = {
  directory: 'd',
  note: 'n',
  query: 'data.p = x',
  variables: ['x'],
  modules: [],
  data: null,
  input: null,
  inputTerm: null,
  wantResult: null,
  wantErrorCode: null,
  wantError: null,
  sortBindings: false,
  strictError: false,
  experimentalKeywords: false,
};
const printed = (text: string): EvaluationResult => ({ kind: 'value', value: { text }, evaluationMicroseconds: 1 });
const conflict: EvaluationResult = { kind: 'error', code: 'policy', message: 'conflict', evaluationMicroseconds: 1 };

test.each([
  ['the same in another order', '{{"x": 1}, {"x": "a\\x00"}}', '[{"x":"a\\u0000"},{"x":1}]', 'passed'],
  ['a set where JSON has an array', '{{"x": {2, 1}}}', '[{"x":[1,2]}]', 'passed'],
  ['another way to write a number', '{{"x": 10.0, "y": 1e2}}', '[{"x":10,"y":100}]', 'passed'],
  ['a key that is no text', '{{"x": {1: {[2]: 3}}}}', '[{"x":{"1":{"[2]":3}}}]', 'passed'],
  ['the last digits of a number', '{{"x": 0.3}}', '[{"x":0.30000000000000004}]', 'decimal'],
  ['another number', '{{"x": 0.3}}', '[{"x":0.3001}]', 'failed'],
  ['an array in another order', '{{"x": [2, 1]}}', '[{"x":[1,2]}]', 'failed'],
  ['nothing', 'set()', '[{"x":1}]', 'failed'],
  ['more than is wanted', '{{"x": 1}, {"x": 2}}', '[{"x":1}]', 'failed'],
  ['a set with a member too many', '{{"x": {1, 2, 3}}}', '[{"x":[1,2]}]', 'failed'],
])('a result that is %s', (_, found, wantResult, kind) => {
  expect(judgeResult({ ...aCase, wantResult }, printed(found)).kind).toBe(kind);
});

test('where bindings are to be sorted, their order does not count', () => {
  const given = { ...aCase, wantResult: '[{"x":[1,2]}]', sortBindings: true };
  expect(judgeResult(given, printed('{{"x": [2, 1]}}')).kind).toBe('passed');
  expect(judgeResult(given, printed('{{"x": [2, 2]}}')).kind).toBe('failed');
});

test('an error is wanted or not', () => {
  expect(judgeResult({ ...aCase, wantErrorCode: 'eval_conflict_error' }, conflict).kind).toBe('passed');
  expect(judgeResult({ ...aCase, wantErrorCode: 'eval_conflict_error' }, printed('set()')).kind).toBe('failed');
  expect(judgeResult({ ...aCase, wantResult: '[]' }, conflict).kind).toBe('failed');
});

test('beside what OPA says, a set is no array', () => {
  expect(judgeByNative({ value: '{{"x": {1}}}' }, printed('{{"x": {1}}}')).kind).toBe('passed');
  expect(judgeByNative({ value: '{{"x": [1]}}' }, printed('{{"x": {1}}}')).kind).toBe('failed');
  expect(judgeByNative({ error: 'conflict' }, conflict).kind).toBe('passed');
  expect(judgeByNative({ error: 'conflict' }, printed('set()')).kind).toBe('failed');
});

test('a refused builtin is a refusal, another error a failure', () => {
  const error = { file: 'f', line: 1, column: 1 };
  const refused = { ...error, code: 'builtin_refused', message: 'builtin http.send is refused: no' };
  expect(judgeRefusal([{ ...error, code: 'rego_type_error', message: 'x' }, refused])).toEqual({
    kind: 'refused',
    builtin: 'http.send',
  });
  expect(judgeRefusal([{ ...error, code: 'rego_type_error', message: 'x' }]).kind).toBe('failed');
});
