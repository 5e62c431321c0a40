import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_NAMESPACE, operatorIdentity } from '../../src/admission/index.ts';
import { ANNOTATIONS, type DecisionOutcome, ModelVersion, type ModelVersionStatus } from '../../src/api/index.ts';
import { kubeconfigFor } from '../../src/dev/index.ts';
import { type Cluster, loadCluster } from '../../src/kube/index.ts';
import { createStatusWriter } from '../../src/operator/status-writer.ts';
import { DONE } from '../attacks/attack.ts';
import { prepareScene, type Scene } from '../attacks/scene.ts';
import { sharedCluster } from './shared-cluster.ts';

// No operator runs: these tests write what it would write, from a state of the version that is not the newest any more.
let scene: Scene;
let operator: Cluster;
beforeAll(async () => {
  scene = await prepareScene();
  operator = loadCluster({ kubeconfig: await kubeconfigFor(sharedCluster(), operatorIdentity(DEFAULT_NAMESPACE)) });
});
afterAll(async () => {
  await operator?.[Symbol.asyncDispose]();
  await scene?.[Symbol.asyncDispose]();
});

const statusOf = (outcome: DecisionOutcome, id: string = outcome): ModelVersionStatus => ({
  stage: outcome === 'Approved' ? 'Production' : 'None',
  observedGeneration: 1,
  decision: {
    ...{ id, generation: 1, outcome, by: 'People', reasons: [], warnings: [], policies: [], requirements: [] },
    ...{ inputDigest: '', policyDigest: '', now: '2026-01-02T03:04:05.000Z', decidedAt: '2026-01-02T03:04:05.000Z' },
  },
});
const write = (from: ModelVersion, status: ModelVersionStatus) =>
  createStatusWriter(operator).writeModelVersionStatus(from, status);
const stale = expect.objectContaining({ code: 'conflict' });

/** A version that has been told to wait, as the operator saw it. */
async function seen(): Promise<ModelVersion> {
  const name = await scene.submit(scene.sam);
  await write(await scene.read(name), statusOf('Pending'));
  return ModelVersion.parse(await scene.read(name));
}

/** What anybody may write who may edit the version. */
async function touch({ metadata: { name } }: ModelVersion): Promise<void> {
  const metadata = { labels: { a: 'b' }, annotations: { 'example.com/note': 'c' } };
  expect(await scene.sam.merge(name, { metadata })).toEqual(DONE);
}

describe('a version that was edited after it was looked at', () => {
  it.each(['Rejected', 'Pending', 'Error'] as const)('is told that it is %s', async (outcome) => {
    const from = await seen();
    await touch(from);
    const status = statusOf(outcome, 'new');
    const resourceVersion = await write(from, status);
    expect(await scene.read(from.metadata.name)).toMatchObject({
      metadata: { resourceVersion, labels: { a: 'b' } },
      status,
    });
  });

  it('is not approved: by its new labels other policies may judge it', async () => {
    const from = await seen();
    await touch(from);
    await expect(write(from, statusOf('Approved'))).rejects.toEqual(stale);
    expect((await scene.read(from.metadata.name)).status?.stage).toBe('None');
  });

  it('and is approved keeps its approval, and what is told beside', async () => {
    const from = await seen();
    await write(from, statusOf('Approved'));
    const approved = await scene.read(from.metadata.name);
    await touch(from);
    const status = { ...statusOf('Approved'), observedGeneration: 1, evidence: [] };
    await write(approved, status);
    expect((await scene.read(from.metadata.name)).status).toEqual(status);
  });
});

describe('a rejection of a version as it was', () => {
  const refusedAfter = async (change: (from: ModelVersion) => Promise<unknown>): Promise<void> => {
    const from = await seen();
    expect(await change(from)).toEqual(DONE);
    const before = await scene.read(from.metadata.name);
    await expect(write(from, statusOf('Rejected'))).rejects.toEqual(stale);
    expect(await scene.read(from.metadata.name)).toEqual(before);
  };

  it('does not reach another spec', () =>
    refusedAfter(({ metadata }) => scene.sam.merge(metadata.name, { spec: { metrics: { accuracy: 0.5 } } })));

  it('does not reach another version of the same name', () =>
    refusedAfter(async ({ metadata: { name }, spec }) => {
      expect(await scene.sam.remove(name)).toEqual(DONE);
      return scene.sam.create({ metadata: { name }, spec });
    }));

  it('does not pass over a decision that has come since', () =>
    refusedAfter(({ metadata }) => scene.alice.annotate(metadata.name, { [ANNOTATIONS.approve]: 'good' })));

  it('does not write over another status', () =>
    refusedAfter(async (from) => {
      await write(from, statusOf('Pending', 'of another operator'));
      return DONE;
    }));

  it('does not bring back a version that is gone', async () => {
    const from = await seen();
    expect(await scene.sam.remove(from.metadata.name)).toEqual(DONE);
    await expect(write(from, statusOf('Rejected'))).rejects.toMatchObject({ code: 'not-found' });
  });
});
