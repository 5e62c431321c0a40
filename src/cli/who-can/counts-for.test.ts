import { describe, expect, test } from 'vitest';
import type { StoredRequirement } from '../requirements.ts';
import { type Duties, describeCounts, findUnbound } from './counts-for.ts';
import type { Holder } from './rbac.ts';

const user = (name: string, groups?: readonly string[]): Holder => ({
  kind: 'User',
  name,
  via: [],
  ...(groups ? { groups } : {}),
});
const group = (name: string): Holder => ({ kind: 'Group', name, via: [] });
const serviceAccount = (name: string): Holder => ({ kind: 'ServiceAccount', name, via: [] });
const asks = (approvers: string[], approvedBy: string[] = []): StoredRequirement => ({
  approvers,
  approvedBy,
  count: approvedBy.length + 1,
});

const NOT_SEPARATE: Duties = { submitter: 'sam', separate: false };

describe('an approval by', () => {
  test.for<readonly [string, Holder, StoredRequirement[], string]>([
    ['a user that is named counts', user('alice'), [asks(['alice'])], '1'],
    ['a user that is not named does not', user('eve'), [asks(['alice'])], 'nothing'],
    ['a user may be in a group that is named', user('eve'), [asks(['alice', 'group:risk'])], '1 if in group risk'],
    ['a user whose groups are known is in it', user('eve', ['risk']), [asks(['group:risk'])], '1'],
    ['a user whose groups are known is not in it', user('eve', ['other']), [asks(['group:risk'])], 'nothing'],
    ['a user is always authenticated', user('eve'), [asks(['group:system:authenticated'])], '1'],
    ['anyone counts where nobody is named', user('eve'), [asks([])], '1'],
    ['who has signed does not count twice', user('alice'), [asks(['alice', 'bob'], ['alice'])], 'nothing'],
    ['a group that is named counts', group('risk'), [asks(['group:risk'])], '1'],
    ['a group may hold who is named', group('leads'), [asks(['alice'])], '1 for members who are alice'],
    [
      'members of a group may be in another that is named',
      group('leads'),
      [asks(['group:risk', 'bob'])],
      '1 for members who are in group risk or bob',
    ],
    ['a service account that is named counts', serviceAccount('ci:bot'), [asks(['serviceaccount:ci:bot'])], '1'],
    ['another of that name does not', serviceAccount('test:bot'), [asks(['serviceaccount:ci:bot'])], 'nothing'],
    ['a service account is in no group of people', serviceAccount('ci:bot'), [asks(['group:risk'])], 'nothing'],
    [
      'a service account is in the groups of its namespace',
      serviceAccount('ci:bot'),
      [asks(['group:system:serviceaccounts:ci'])],
      '1',
    ],
    [
      "its namespace's group holds a service account that is named",
      group('system:serviceaccounts:ci'),
      [asks(['serviceaccount:ci:bot'])],
      '1 for members who are serviceaccount:ci:bot',
    ],
    [
      "another namespace's group does not",
      group('system:serviceaccounts:test'),
      [asks(['serviceaccount:ci:bot', 'alice'])],
      'nothing',
    ],
    ['several count for several', user('alice'), [asks(['alice']), asks(['bob']), asks([])], '1, 3'],
  ])('%s', ([, holder, requirements, expected]) => {
    expect(describeCounts(holder, requirements, NOT_SEPARATE)).toBe(expected);
  });

  test('nobody counts for what has its approvals', () => {
    const signed = { approvers: ['alice', 'bob'], count: 1, approvedBy: ['bob'] };
    expect(describeCounts(user('alice'), [signed], NOT_SEPARATE)).toBe('nothing');
  });
});

describe('who submitted the version', () => {
  const sam = user('sam');
  const bot = serviceAccount('ci:bot');
  test.for<readonly [string, Holder, Duties, string]>([
    ['counts where duties are not separate', sam, NOT_SEPARATE, '1'],
    [
      'does not where they are',
      sam,
      { submitter: 'sam', separate: true },
      'nothing: submitted it, and duties are separate',
    ],
    [
      'may not where that may not be read',
      sam,
      { submitter: 'sam', separate: 'unknown' },
      '1 (submitted it: nothing if duties are separate)',
    ],
    [
      'may be a service account',
      bot,
      { submitter: 'system:serviceaccount:ci:bot', separate: true },
      'nothing: submitted it, and duties are separate',
    ],
    ['does not keep others from it', user('alice'), { submitter: 'sam', separate: true }, '1'],
    ['must be known', user('alice'), { submitter: null, separate: true }, 'nothing: nobody knows who submitted it'],
  ])('%s', ([, holder, duties, expected]) => {
    expect(describeCounts(holder, [asks([])], duties)).toBe(expected);
  });
});

test('an approver whom no binding reaches is told, once, and only of what is open', () => {
  const requirements = [
    asks(['alice', 'group:risk', 'serviceaccount:ci:bot', 'serviceaccount:ci:other']),
    asks(['group:risk', 'dora']),
    { approvers: ['zoe'], count: 1, approvedBy: ['zoe'] },
  ];
  const holders = [user('alice'), group('ml-leads'), serviceAccount('ci:bot')];
  expect(findUnbound(requirements, holders)).toEqual(['group:risk', 'serviceaccount:ci:other', 'dora']);
  expect(findUnbound(requirements, [...holders, group('system:authenticated')])).toEqual(['group:risk']);
});
