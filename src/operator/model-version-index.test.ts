import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { createModelVersionIndex } from './model-version-index.ts';
import { type ModelVersionSummary, summarizeModelVersion } from './model-version-summary.ts';

const MODELS = 20_000;

/** Alone in its stage. */
function aChampion(model: string): ModelVersionSummary {
  return summarizeModelVersion({
    metadata: { resourceVersion: '1', generation: 1 },
    spec: { model, archiveExistingVersions: true },
    status: {
      stage: 'Production',
      decision: { generation: 1, outcome: 'Approved' },
      history: [{ at: '2026-01-01T00:00:00.000Z', to: 'Production' }],
    },
  });
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

test('of models that are gone nothing is kept', () => {
  const index = createModelVersionIndex();
  const before = heapBytes();
  for (let at = 0; at < MODELS; at++) {
    const champion = aChampion(`model-${at}`);
    index.observe(`risk/model-${at}-1`, undefined, champion);
    index.observe(`risk/model-${at}-1`, champion, undefined);
  }
  expect((heapBytes() - before) / MODELS).toBeLessThan(100);
  expect(index.champion('risk/other', 'model-0', 'Production')).toBeUndefined();
});
