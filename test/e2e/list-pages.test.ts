import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { applyManifest, listPages, loadCluster } from '../../src/kube/index.ts';
import { CONFIG_MAPS } from '../../src/operator/resources.ts';
import { sharedCluster } from './shared-cluster.ts';

const ConfigMap = z.looseObject({ kind: z.string(), metadata: z.looseObject({ name: z.string() }) });

test('a list that is longer than a page is whole, and a selector narrows it', async () => {
  await using cluster = loadCluster({ kubeconfig: sharedCluster().kubeconfig });
  const namespace = `pages-${randomBytes(4).toString('hex')}`;
  await applyManifest(cluster, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, 'test');
  const names = Array.from({ length: 501 }, (_, index) => `c-${index}`);
  const create = (name: string, index: number) =>
    cluster.request({
      method: 'POST',
      path: `/api/v1/namespaces/${namespace}/configmaps`,
      body: { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, labels: { odd: String(index % 2 === 1) } } },
    });
  await Promise.all(names.map(create));

  const list = async (selection: { labelSelector?: string; fieldSelector?: string }) => {
    const pages = await Array.fromAsync(listPages(cluster, CONFIG_MAPS, { namespace, ...selection }));
    return { pages: pages.length, items: pages.flatMap(({ items }) => items.map((item) => ConfigMap.parse(item))) };
  };
  const all = await list({ labelSelector: 'odd' });
  expect(all.pages).toBe(2);
  expect(new Set(all.items.map(({ metadata }) => metadata.name))).toEqual(new Set(names));
  for (const { kind, metadata } of all.items) {
    expect(kind).toBe('ConfigMap');
    expect(metadata).not.toHaveProperty('managedFields');
  }
  expect((await list({ labelSelector: 'odd=true' })).items).toHaveLength(250);
  expect((await list({ fieldSelector: 'metadata.name=c-7' })).items).toMatchObject([{ metadata: { name: 'c-7' } }]);
});
