import { expect, test } from 'vitest';
import { parseApprovalParams } from './approval-params.ts';

const REQUIRED = { model: 'churn', version: '4' };

const parse = (params: Record<string, unknown>) =>
  parseApprovalParams(Object.entries({ ...REQUIRED, ...params }).map(([name, value]) => ({ name, value })));

test.each([
  ['a list', ['alice', 'group:ml-leads']],
  ['a list in JSON', '["alice", "group:ml-leads"]'],
  ['a text with commas', 'alice, group:ml-leads'],
])('approvers may be %s', (_form, approvers) => {
  expect(parse({ approvers })).toMatchObject({ approvers: ['alice', 'group:ml-leads'] });
});

test('one name is a list of one', () => {
  expect(parse({ approvers: 'bob' })).toMatchObject({ approvers: ['bob'] });
});

test.each([
  ['an object', { name: 'bob' }, "parameter approvers: approvers is a list, always: write approvers: ['bob']"],
  ['an object in JSON', '{"name": "bob"}', 'approvers is a list, always'],
  ['a list that ends nowhere', '["bob"', 'write approvers: [\'["bob"\']'],
  ['an empty text', '', 'parameter approvers: names nobody'],
  ['a group without a name', 'alice,group:', 'parameter approvers: "group:" is nobody: write group:NAME'],
  ['an empty list', [], 'parameter approvers: names nobody'],
  ['a gap in the list', 'alice,,bob', 'parameter approvers: names nobody'],
  ['numbers', [1], 'parameter approvers.0'],
])('approvers are refused that are %s', (_form, approvers, problem) => {
  expect(parse({ approvers })).toEqual({ problem: expect.stringContaining(problem) });
});

test('metrics are numbers, in JSON or as the texts of an object parameter', () => {
  expect(parse({ metrics: '{"accuracy": 0.93}' })).toMatchObject({ claims: { metrics: { accuracy: 0.93 } } });
  expect(parse({ metrics: { accuracy: '0.93' } })).toMatchObject({ claims: { metrics: { accuracy: 0.93 } } });
});

test.each([
  [{ metrics: { accuracy: '' } }, 'parameter metrics.accuracy: is an object of numbers'],
  [{ metrics: '0.93' }, 'parameter metrics: is an object of numbers'],
  [{ aprovers: 'bob' }, 'there is no parameter aprovers; the parameters are model, version, stage, approvers'],
  [{ stage: 'Archived' }, 'parameter stage: is Staging or Production'],
  [{ 'on-reject': 'ignore' }, 'parameter on-reject: is fail_pipeline or continue'],
  [{ model: '' }, 'parameter model: is empty'],
  [{ model: ['a'] }, 'parameter model: is one text'],
  [{ 'artifact-digest': 'latest' }, 'parameter artifact-digest'],
])('%j is refused: %s', (params, problem) => {
  expect(parse(params)).toEqual({ problem: expect.stringContaining(problem) });
});

test('every mistake is told at once, and what is missing too', () => {
  const { problem } = Object.assign({ problem: '' }, parseApprovalParams([{ name: 'stage', value: 'Rejected' }]));
  expect(problem).toMatch(
    /parameter model: is missing; parameter version: is missing; parameter stage: is Staging or Production/,
  );
});

test('a parameter that comes twice is refused', () => {
  const model = { name: 'model', value: 'churn' };
  expect(parseApprovalParams([model, model])).toEqual({ problem: expect.stringContaining('model is given twice') });
});
