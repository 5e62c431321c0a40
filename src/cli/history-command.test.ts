import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { aScene, requires } from '../../test/a-snapshot.ts';
import { renderHistory } from './history-command.ts';
import { StoredVersion } from './stored-version.ts';

const moved = StoredVersion.parse(
  aScene()
    .withPolicy('leads', requires('alice'))
    .decidedBy('alice', 'approve', 'ok')
    .applied()
    .after(60_000)
    .decidedBy('alice', 'revoke', 'drift')
    .applied().snapshot.modelVersion,
);

test('the oldest move comes first', () => {
  const lines = renderHistory(moved, 'table').split('\n');
  expect(lines[0]).toMatch(/^AT +FROM +TO +REASON +GENERATION +DECISION$/);
  expect(lines[1]).toMatch(/^2026-01-02T03:04:05\.000Z +None +Production +ManuallyApproved +1 +[0-9a-f]{12}$/);
  expect(lines[2]).toMatch(/^2026-01-02T03:05:05\.000Z +Production +Archived +Revoked +1 +[0-9a-f]{12}$/);
});

test('JSON and YAML hold the entries as they are stored', () => {
  const stored = moved.status.history.toReversed();
  expect(stored).toMatchObject([{ to: 'Production' }, { to: 'Archived' }]);
  expect(JSON.parse(renderHistory(moved, 'json'))).toEqual(stored);
  expect(parse(renderHistory(moved, 'yaml'))).toEqual(stored);
});
