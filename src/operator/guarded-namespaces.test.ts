import { expect, test } from 'vitest';
import { createGuardedNamespaces } from './guarded-namespaces.ts';

const labelled = (labels: Record<string, string>, metadata = {}) => ({ metadata: { labels, ...metadata } });
const STAGE = { 'assent.dev/stage': 'Production' };

test('a namespace is guarded by its label, and serves its own models unless it says otherwise', () => {
  const namespaces = createGuardedNamespaces();
  namespaces.observe('risk', labelled(STAGE));
  namespaces.observe('serving', labelled({ ...STAGE, 'assent.dev/model-namespace': 'risk' }));
  namespaces.observe('plain', { metadata: {} });
  namespaces.observe('unguarded', labelled({ 'assent.dev/model-namespace': 'risk' }));
  expect([...namespaces.names()]).toEqual(['risk', 'serving']);
  expect([...namespaces.servedFrom('risk')]).toEqual(['risk', 'serving']);
  expect(namespaces.modelNamespace('serving')).toBe('risk');
  expect(namespaces.modelNamespace('plain')).toBeUndefined();
});

test.each([
  ['loses the label', labelled({})],
  ['is gone', undefined],
  ['is being deleted: nothing can be created in it', labelled(STAGE, { deletionTimestamp: '2026-01-01T00:00:00Z' })],
])('a namespace that %s is not guarded any more', (_, namespace) => {
  const namespaces = createGuardedNamespaces();
  namespaces.observe('risk', labelled(STAGE));
  namespaces.observe('risk', namespace);
  expect([...namespaces.names(), ...namespaces.servedFrom('risk')]).toEqual([]);
});

test('a namespace that serves the models of another one from now on no longer serves those of the one before', () => {
  const namespaces = createGuardedNamespaces();
  namespaces.observe('serving', labelled({ ...STAGE, 'assent.dev/model-namespace': 'risk' }));
  namespaces.observe('serving', labelled({ ...STAGE, 'assent.dev/model-namespace': 'churn' }));
  expect([...namespaces.servedFrom('risk')]).toEqual([]);
  expect([...namespaces.servedFrom('churn')]).toEqual(['serving']);
});
