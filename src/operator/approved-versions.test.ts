import { beforeEach, describe, expect, test } from 'vitest';
import { type ApprovedVersions, createApprovedVersions } from './approved-versions.ts';
import { type ModelVersionSummary, summarizeModelVersion } from './model-version-summary.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;
const KEY = 'risk/fraud-7';

const objects = new Map<string, Record<string, unknown>>();
let approved: ApprovedVersions;

beforeEach(() => {
  objects.clear();
  approved = createApprovedVersions({ get: (key) => objects.get(key), summary, keys: () => objects.keys() });
});

function summary(key: string): ModelVersionSummary | undefined {
  const object = objects.get(key);
  return object && summarizeModelVersion(object);
}

/** An approved version in Production, and what differs from that. */
function aVersion({ metadata = {}, spec = {}, status = {}, decision = {} } = {}): Record<string, unknown> {
  return {
    metadata: { resourceVersion: '1', generation: 2, ...metadata },
    spec: { model: 'fraud', artifact: { uri: 's3://7', digest: DIGEST }, ...spec },
    status: {
      stage: 'Production',
      decision: { generation: 2, outcome: 'Approved', ...decision },
      history: [{ at: '2026-01-01T00:00:00.000Z', to: 'Production' }],
      ...status,
    },
  };
}

function store(object: Record<string, unknown> | undefined, key = KEY): string {
  if (object) objects.set(key, object);
  else objects.delete(key);
  return approved.observe(key, summary(key));
}

test('a version that is approved for the stage that it is in is known with its digest', () => {
  store(aVersion());
  expect([...approved.of('risk')]).toEqual([
    ['fraud-7', { stage: 'Production', digest: DIGEST, movedAt: '2026-01-01T00:00:00.000Z' }],
  ]);
});

test.each<[string, Parameters<typeof aVersion>[0]]>([
  ['that is archived', { status: { stage: 'Archived' } }],
  ['that was moved nowhere', { status: { stage: 'None' } }],
  ['whose approval is for an older spec', { metadata: { generation: 3 } }],
  ['that waits, in the stage that an older spec was approved for', { decision: { outcome: 'Pending' } }],
  ['that was rejected and keeps its stage', { decision: { outcome: 'Rejected' } }],
  ['whose policies err', { decision: { outcome: 'Error' } }],
  ['that is being deleted', { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } }],
  ['without a decision', { status: { decision: undefined } }],
])('a version %s is not approved', (_, change) => {
  store(aVersion(change));
  expect(approved.of('risk').size).toBe(0);
});

test('versions of other namespaces are not those of this one', () => {
  store(aVersion(), 'risk-2/fraud-7');
  expect(approved.of('risk').size).toBe(0);
});

test.each([{ artifact: undefined }, { artifact: 7 }, { artifact: { uri: 'x' } }])(
  'a version with %j has no digest, and breaks nothing',
  (spec) => {
    store(aVersion({ spec }));
    expect(approved.of('risk').get('fraud-7')?.digest).toBe('');
  },
);

describe('a change', () => {
  beforeEach(() => approved.of('risk'));

  test('opens where a version comes to be approved, and does nothing where it stays so', () => {
    expect(store(aVersion())).toBe('opens');
    expect(store(aVersion({ metadata: { resourceVersion: '2' } }))).toBe('none');
  });

  test.each<[string, Record<string, unknown> | undefined]>([
    ['is archived', aVersion({ status: { stage: 'Archived' } })],
    ['moves to another stage', aVersion({ status: { stage: 'Staging' } })],
    ['has another spec', aVersion({ metadata: { generation: 3 } })],
    ['is another one under the old name', aVersion({ spec: { artifact: { uri: 'x', digest: 'sha256:b' } } })],
    ['is deleted', undefined],
  ])('closes where an approved version %s', (_, object) => {
    store(aVersion());
    expect(store(object)).toBe('closes');
    expect(approved.of('risk').get('fraud-7')).not.toEqual(
      expect.objectContaining({ stage: 'Production', digest: DIGEST }),
    );
  });

  test('is nothing to a namespace that nobody asked for', () => {
    expect(store(aVersion(), 'other/fraud-7')).toBe('none');
    expect(store(undefined, 'other/fraud-7')).toBe('none');
  });
});

test('a namespace that is no longer asked for costs nothing again, and is known anew when it is', () => {
  store(aVersion());
  approved.of('risk');
  approved.keepOnly((namespace) => namespace === 'credit');
  expect(store(aVersion({ decision: { outcome: 'Rejected' } }))).toBe('none');
  expect(approved.of('risk').size).toBe(0);
});
