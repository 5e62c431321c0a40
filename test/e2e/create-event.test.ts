import { afterAll, beforeAll, expect, it } from 'vitest';
import { type Cluster, createEventOnce, loadCluster } from '../../src/kube/index.ts';
import { sharedCluster } from './shared-cluster.ts';

let cluster: Cluster;
beforeAll(() => {
  cluster = loadCluster({ kubeconfig: sharedCluster().kubeconfig });
});
afterAll(async () => {
  await cluster[Symbol.asyncDispose]();
});

it.each(['-', '.', '.-', 'a'])('an object gets its Event where its long name has a %s before the cut', async (end) => {
  const name = `${'a'.repeat(200 - end.length)}${end}${'b'.repeat(40)}`;
  const regarding = { apiVersion: 'v1', kind: 'ConfigMap', namespace: 'default', name, uid: '', resourceVersion: '' };
  await createEventOnce(cluster, [name], {
    ...{ type: 'Normal', action: 'Tested', reason: 'Tested', note: 'it is told', at: '2026-01-01T00:00:00.000Z' },
    ...{ controller: 'assent.dev/test', regarding },
  });
  const query = { fieldSelector: `regarding.name=${name}` };
  const path = '/apis/events.k8s.io/v1/namespaces/default/events';
  expect(await cluster.request({ method: 'GET', path, query })).toMatchObject({ items: [{ note: 'it is told' }] });
});
