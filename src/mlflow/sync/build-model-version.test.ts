import { describe, expect, it } from 'vitest';
import { ModelRegistrySpec, ModelVersion } from '../../api/index.ts';
import type { RegisteredVersion } from '../client/index.ts';
import { buildModelVersion } from './build-model-version.ts';
import type { VersionFacts } from './read-facts.ts';

const facts = (changes: Partial<RegisteredVersion> = {}, more: Partial<VersionFacts> = {}): VersionFacts => ({
  registered: {
    ...{ model: 'fraud', version: '7', stage: 'None', source: 'mlflow-artifacts:/0/8f/artifacts/model', runId: '8f' },
    ...{ tags: {}, ready: true },
    ...changes,
  },
  ...{ url: 'https://mlflow.example.com', runId: '8f', metrics: { accuracy: 0.93 }, parameters: { max_depth: '6' } },
  ...{ gitCommit: '3c', readAt: '2026-01-02T03:04:05.678Z' },
  ...more,
});

const build = (given: VersionFacts, importing: Record<string, unknown> = {}) =>
  buildModelVersion(given, {
    namespace: 'risk',
    registry: 'mlflow',
    spec: ModelRegistrySpec.parse({ mlflow: { url: 'https://mlflow.example.com' }, import: importing }),
  });

it('makes of a registered version a ModelVersion that the schemas take', () => {
  const version = build(facts());
  expect(ModelVersion.parse(version)).toEqual(version);
  expect(version).toMatchObject({
    metadata: { name: 'fraud-7', namespace: 'risk', labels: { 'assent.dev/registry': 'mlflow' } },
    spec: {
      ...{ model: 'fraud', version: '7', stage: 'None', metrics: { accuracy: 0.93 }, parameters: { max_depth: '6' } },
      artifact: { uri: 'mlflow-artifacts:/0/8f/artifacts/model' },
      source: { runId: '8f', gitCommit: '3c', registry: 'mlflow' },
    },
  });
});

describe('the stage asked for', () => {
  it.each([
    ['is None where nobody says another', {}, {}, 'None'],
    ["is the registry's", {}, { stage: 'Staging' }, 'Staging'],
    [
      'is the one that it has in MLflow already, before that',
      { stage: 'Production' },
      { stage: 'Staging' },
      'Production',
    ],
    [
      'is that of the tag, before all',
      { stage: 'Production', tags: { 'assent.dev/stage': 'archived' } },
      {},
      'Archived',
    ],
    [
      'is not that of a tag that is no stage',
      { tags: { 'assent.dev/stage': 'Rejected' } },
      { stage: 'Staging' },
      'Staging',
    ],
  ])('%s', (_, registered, importing, stage) => {
    expect(build(facts(registered), importing).spec.stage).toBe(stage);
  });
});

it('takes tags for labels where Kubernetes does, and nobody else owns them', () => {
  const tags = {
    domain: 'cards',
    'assent.dev/model-version': 'another',
    'mlflow.note': 'x',
    sentence: 'not a label value',
    empty: '',
  };
  const { labels } = build(facts({ tags })).metadata;
  expect(labels).toEqual({
    domain: 'cards',
    empty: '',
    'assent.dev/registry': 'mlflow',
    'app.kubernetes.io/managed-by': 'assent',
  });
});

it('claims no more than an object may hold', () => {
  const many = Object.fromEntries(Array.from({ length: 1_000 }, (_, index) => [`metric-${index}`, index]));
  const version = build(facts({}, { metrics: many }));
  expect(Object.keys(version.spec.metrics ?? {})).toHaveLength(256);
});
