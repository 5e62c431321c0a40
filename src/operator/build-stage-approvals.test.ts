import { describe, expect, test } from 'vitest';
import { StageApprovalsStatus } from '../api/index.ts';
import type { ApprovedVersion } from './approved-versions.ts';
import { buildStageApprovals } from './build-stage-approvals.ts';

const NOW = '2026-03-04T05:06:07.000Z';
const DIGEST = `sha256:${'a'.repeat(64)}`;

/** `count` versions, each a second longer in its stage than the one after it. */
function versions(count: number, change: Partial<ApprovedVersion> = {}): ReadonlyMap<string, ApprovedVersion> {
  const movedAt = (index: number) => new Date(1_700_000_000_000 + index * 1_000).toISOString();
  return new Map(
    Array.from({ length: count }, (_, index) => [
      `fraud-detector-${String(index).padStart(5, '0')}`,
      { stage: 'Production', digest: DIGEST, movedAt: movedAt(index), ...change },
    ]),
  );
}

const build = (approved: ReadonlyMap<string, ApprovedVersion>, before?: StageApprovalsStatus, now = NOW) =>
  buildStageApprovals('risk', approved, before, now);

test('each version stands under the stage that it is in, with the digest that was approved', () => {
  const movedAt = NOW;
  const status = build(
    new Map<string, ApprovedVersion>([
      ['fraud-7', { stage: 'Production', digest: DIGEST, movedAt }],
      ['fraud-8', { stage: 'Staging', digest: '', movedAt }],
    ]),
  );
  expect(status).toEqual({
    modelNamespace: 'risk',
    versions: { Production: { 'fraud-7': DIGEST }, Staging: { 'fraud-8': '' } },
    approved: 2,
    omitted: 0,
    conditions: [
      {
        type: 'Ready',
        status: 'True',
        reason: 'Complete',
        message: 'every approved version stands here',
        lastTransitionTime: NOW,
      },
    ],
  });
  expect(StageApprovalsStatus.parse(status)).toEqual(status);
});

test('the same versions are the same status later on: nothing is written', () => {
  const status = build(versions(3));
  expect(build(versions(3), status, '2027-01-01T00:00:00.000Z')).toEqual(status);
});

describe('more versions than fit into a MiB', () => {
  const all = versions(20_000);
  const status = build(all);

  test('leave out those that are in their stage the longest', () => {
    const kept = Object.keys(status.versions.Production);
    const newest = [...all.keys()].slice(-kept.length);
    expect(kept.toSorted()).toEqual(newest);
  });

  test('fill the MiB and no more', () => {
    const bytes = JSON.stringify(status.versions).length;
    expect(bytes).toBeLessThanOrEqual(2 ** 20 + 40);
    expect(bytes).toBeGreaterThan(0.99 * 2 ** 20);
  });

  test('are counted, and told in a condition', () => {
    expect(status.approved + status.omitted).toBe(20_000);
    expect(status.conditions).toEqual([
      expect.objectContaining({
        type: 'Ready',
        status: 'False',
        reason: 'TooManyVersions',
        message: expect.stringContaining(`${status.omitted} approved versions do not fit`),
      }),
    ]);
  });

  test('are more where they have no digest', () => {
    expect(build(versions(20_000, { digest: '' })).omitted).toBe(0);
  });

  test('are complete again once there are fewer', () => {
    const later = '2026-03-05T00:00:00.000Z';
    const [condition] = build(versions(10), status, later).conditions;
    expect(condition).toMatchObject({ status: 'True', lastTransitionTime: later });
  });
});
