import { expect, test } from 'vitest';
import { allows, aScene, requires, type Scene } from '../../../test/a-snapshot.ts';
import { StoredVersion } from '../stored-version.ts';
import type { Duties } from './counts-for.ts';
import type { Holder } from './rbac.ts';
import { renderWhoCan } from './render-who-can.ts';

const HOLDERS: readonly Holder[] = [
  { kind: 'User', name: 'alice', via: ['RoleBinding/a → ClusterRole/assent-approver'] },
  { kind: 'Group', name: 'ml-leads', via: ['RoleBinding/l → ClusterRole/assent-approver'] },
];

const shown = (scene: Scene, holders = HOLDERS, duties: Duties = { submitter: 'sam', separate: false }) =>
  renderWhoCan(StoredVersion.parse(scene.applied().snapshot.modelVersion), holders, duties);
const waiting = aScene().withPolicy('leads', requires('group:ml-leads', 'dora'));

test('who holds the verb, by which binding, and for what that counts', () => {
  expect(shown(waiting, HOLDERS, { submitter: 'sam', separate: true })).toBe(`fraud-7 is Pending, and asks for
  1. 0 of 1 by group:ml-leads, dora

SUBJECT    KIND    VIA                                           COUNTS FOR
alice      User    RoleBinding/a → ClusterRole/assent-approver   1 if in group ml-leads
ml-leads   Group   RoleBinding/l → ClusterRole/assent-approver   1

No binding names dora: who is meant may approve only as a member of a group above.

Duties are separate: sam submitted it and cannot approve it.
`);
});

test('who may read no bindings is told nothing of them', () => {
  const alice: Holder = { kind: 'User', name: 'alice', groups: ['ml-leads'], via: ['RBAC: allowed by a binding'] };
  const version = StoredVersion.parse(waiting.applied().snapshot.modelVersion);
  const text = renderWhoCan(version, [alice], { submitter: 'sam', separate: false }, 'oneself');
  expect(text).toMatch(/alice +User +RBAC: allowed by a binding +1\n$/);
});

test('where nothing is open, nothing counts', () => {
  expect(shown(aScene().withPolicy('accuracy', allows()))).toMatch(
    /^fraud-7 is Approved: no approval is open\n.*alice +User .* -\n/s,
  );
});

test('where nobody holds the verb, the role to bind is named', () => {
  expect(shown(waiting, [])).toContain('nobody may approve it: bind somebody to the ClusterRole assent-approver');
});

test.for<readonly [Duties, string]>([
  [
    { submitter: null, separate: true },
    'Duties are separate: nobody knows who submitted it, so nobody can approve it.',
  ],
  [{ submitter: 'sam', separate: 'unknown' }, 'if they separate duties, sam submitted it and cannot approve it.'],
])('of separate duties (%j) it says what follows', ([duties, says]) => {
  expect(shown(waiting, HOLDERS, duties)).toContain(says);
});
