import { expect, it } from 'vitest';
import { parseRecords } from './load-records.ts';

it('a record in which something else than text was masked is told to be so, with its place and what was masked', () => {
  const record = { kind: 'Policy', id: 'sha256:1', name: 'accuracy', modules: {} };
  expect(parseRecords('records', JSON.stringify({ ...record, masked: [] }))).toHaveLength(1);
  const masked = JSON.stringify({ ...record, modules: '[masked]', masked: ['/modules'] });
  expect(() => parseRecords('records', `${masked}\n`)).toThrow(
    'records:1: cannot be read: something else than text was masked: /modules',
  );
});

it('a file of another format is one mistake, with how many lines of it are none', () => {
  expect(() => parseRecords('version.yaml', 'kind: ModelVersion\nspec:\n\n  model: fraud\n')).toThrow(
    /^version\.yaml:1: is not JSON: a record is one JSON object on one line \(and 2 more lines like it\)$/,
  );
});
