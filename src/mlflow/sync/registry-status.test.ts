import { expect, it } from 'vitest';
import { ModelRegistry, ModelRegistryStatus } from '../../api/index.ts';
import { RegistryError } from '../client/index.ts';
import { invalidRegistryStatus, nextRegistryStatus, type RegistryState } from './registry-status.ts';

const NOW = '2026-01-02T03:04:05.678Z';
const registry = ModelRegistry.parse({
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ModelRegistry',
  metadata: { name: 'mlflow', namespace: 'risk', generation: 3 },
  spec: { mlflow: { url: 'https://mlflow.example.com' }, import: {} },
});

const compared = { versions: 12, imported: 0, drifted: [], problems: [], stays: [], at: NOW, seconds: 0.4 };
const state = (changes: Partial<RegistryState>): RegistryState => ({
  ...{ comparison: null, progress: null, imported: 0, pendingExports: 0, refusal: null, failure: null },
  ...{ lastEventTime: null, handledSyncAt: null, exportProblems: new Map() },
  ...changes,
});

const drift = { model: 'fraud', version: '7', found: 'Archived', decided: 'Production' } as const;

it.each([
  ['before the first comparison', {}, 'False Comparing', 'Unknown', true, false],
  ['after it', { comparison: compared }, 'True Compared', 'True', false, false],
  [
    'while decisions are on their way',
    { comparison: compared, pendingExports: 2 },
    'True Compared',
    'False',
    false,
    false,
  ],
  ['with a drift', { comparison: { ...compared, drifted: [drift] } }, 'True Compared', 'False', false, false],
  [
    'away',
    { comparison: compared, refusal: new RegistryError('unreachable', 'x') },
    'False Unreachable',
    'Unknown',
    false,
    false,
  ],
  [
    'with a wrong password',
    { refusal: new RegistryError('unauthorized', 'x') },
    'False Unauthorized',
    'Unknown',
    false,
    true,
  ],
  [
    'where nothing is allowed',
    { comparison: compared, refusal: new RegistryError('forbidden', 'x') },
    'False Forbidden',
    'Unknown',
    false,
    true,
  ],
  ['without a right', { failure: 'the operator may not' }, 'False Failed', 'Unknown', false, false],
])('%s', (_, changes, ready, inSync, reconciling, stalled) => {
  const status = nextRegistryStatus(registry, state(changes), NOW);
  expect(ModelRegistryStatus.parse(status)).toEqual(status);
  const find = (type: string) => status.conditions?.find((condition) => condition.type === type);
  expect(`${find('Ready')?.status} ${find('Ready')?.reason}`).toBe(ready);
  expect([find('InSync')?.status, find('Reconciling') !== undefined, find('Stalled') !== undefined]).toEqual([
    inSync,
    reconciling,
    stalled,
  ]);
});

it('of a spec that cannot be read is the same as long as it says the same', () => {
  const first = invalidRegistryStatus(1, 'spec.mlflow: Required', { before: undefined, now: NOW });
  expect(invalidRegistryStatus(1, 'spec.mlflow: Required', { before: first, now: '2027-01-01T00:00:00.000Z' })).toEqual(
    first,
  );
});
