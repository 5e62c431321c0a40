import { expect, test } from 'vitest';
import { allows, aScene, requires } from '../../../test/a-snapshot.ts';
import { StoredVersion } from '../stored-version.ts';
import { matchesFilter, type RowFilter, sortRows, toRow } from './version-row.ts';

const approved = toRow(StoredVersion.parse(aScene().withPolicy('accuracy', allows()).applied().snapshot.modelVersion));
const waiting = toRow(
  StoredVersion.parse(aScene().withPolicy('leads', requires('alice')).applied().snapshot.modelVersion),
);
const unseen = toRow(StoredVersion.parse(aScene().snapshot.modelVersion));

test('a row tells the stage asked for and the one in effect', () => {
  expect(approved).toMatchObject({ requested: 'Production', stage: 'Production', outcome: 'Approved' });
  expect(waiting).toMatchObject({ requested: 'Production', stage: 'None', reason: 'AwaitingApproval' });
});

test('a version that the operator has not looked at is in stage None, and has no outcome', () => {
  expect(unseen).toMatchObject({ stage: 'None', outcome: null, reason: '' });
});

test.for<readonly [string, RowFilter, readonly string[]]>([
  ['nothing', {}, ['approved', 'waiting', 'unseen']],
  ['its model', { model: 'fraud' }, ['approved', 'waiting', 'unseen']],
  ['another model, which begins alike', { model: 'fraud-detector' }, []],
  ['the stage in effect', { stage: 'Production' }, ['approved']],
  ['the stage asked for', { requested: 'Production' }, ['approved', 'waiting', 'unseen']],
  ['what waits for people', { waiting: true }, ['waiting']],
  ['both of two', { stage: 'None', waiting: true }, ['waiting']],
])('a list is narrowed by %s', ([, filter, names]) => {
  const rows = Object.entries({ approved, waiting, unseen });
  expect(rows.filter(([, row]) => matchesFilter(row, filter)).map(([name]) => name)).toEqual(names);
});

test('rows are sorted by namespace, model and version, of which 10 comes after 9', () => {
  const row = (namespace: string, model: string, version: string) => ({ ...approved, namespace, model, version });
  const sorted = [row('a', 'churn', '2'), row('a', 'fraud', '9'), row('a', 'fraud', '10'), row('b', 'churn', '1')];
  expect(sortRows(sorted.toReversed())).toEqual(sorted);
});
