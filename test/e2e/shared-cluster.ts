import { inject } from 'vitest';
import type { Cluster } from '../../src/dev/index.ts';

/** @returns the cluster of this test's worker: files that run one after the other share it, files that run at once do not. */
export function sharedCluster(): Cluster {
  const clusters = inject('clusters');
  const cluster = clusters[Number(process.env.VITEST_POOL_ID) - 1];
  if (!cluster)
    throw new Error(`there are ${clusters.length} clusters, and none for worker ${process.env.VITEST_POOL_ID}`);
  return cluster;
}
