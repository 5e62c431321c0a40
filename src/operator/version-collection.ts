import { createCompactStore } from '../kube/index.ts';
import { createModelVersionIndex, type ModelVersionIndex } from './model-version-index.ts';
import { type ModelVersionSummary, summarizeModelVersion } from './model-version-summary.ts';
import type { ModelVersionCache } from './ports.ts';
import { TYPICAL_MODEL_VERSION } from './typical-model-version.ts';

/** Many versions, as they were at one moment: what snapshots are gathered from where nothing is watched. */
export interface VersionCollection {
  readonly versions: ModelVersionCache;
  readonly index: ModelVersionIndex;
  /** @param key NAMESPACE/NAME */
  add(key: string, object: object): void;
}

export function createVersionCollection(): VersionCollection {
  const versions = createCompactStore<ModelVersionSummary>({
    summarize: summarizeModelVersion,
    typical: TYPICAL_MODEL_VERSION,
  });
  const index = createModelVersionIndex();
  return {
    versions,
    index,
    add(key, object) {
      const before = versions.summary(key);
      index.observe(key, before, versions.put(key, object));
    },
  };
}
