import { cp, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ControlPlane, startControlPlane } from '../../src/dev/index.ts';
import { type Cluster, createPlainStore, loadCluster, resourcePath, watchResource } from '../../src/kube/index.ts';
import { REFLECTOR_TIMES } from '../../src/kube/reflector.ts';
import { CONFIG_MAPS } from '../../src/operator/resources.ts';
import { until } from './until.ts';

let folder: string;
let controlPlane: ControlPlane;
let cluster: Cluster;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'assent-restored-'));
  controlPlane = await startControlPlane({ folder: join(folder, 'plane') });
  cluster = loadCluster({ kubeconfig: controlPlane.kubeconfig });
});
afterAll(async () => {
  await cluster?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
  await rm(folder, { recursive: true, force: true });
});

const create = (name: string) =>
  cluster.request({
    method: 'POST',
    path: resourcePath(CONFIG_MAPS, { namespace: 'default' }),
    body: { metadata: { name } },
  });

/** Starts it again, with the data of the backup where it is told to. */
async function restart(change: (etcd: string, backup: string) => Promise<void>): Promise<void> {
  await controlPlane.stop();
  await change(join(folder, 'plane', 'etcd'), join(folder, 'backup'));
  controlPlane = await startControlPlane({ folder: join(folder, 'plane') });
}

it('a watch follows a cluster that was restored from a backup, and so counts from an older version', async () => {
  await create('kept');
  await restart((etcd, backup) => cp(etcd, backup, { recursive: true }));

  const store = createPlainStore();
  const times = { ...REFLECTOR_TIMES, backoffMaxMs: 500 };
  const onProblem = () => {};
  const followed = { cluster, resource: CONFIG_MAPS, namespaces: ['default'], store, times, onProblem };
  await using informer = watchResource({ ...followed, onChange: () => {} });
  await informer.synced;
  for (let count = 0; count < 300; count += 1) await create(`lost-${count}`);
  const keys = async () => [...store.keys()].filter((key) => !key.includes('kube-root-ca')).toSorted();
  await until(async () => (await keys()).length, 301);

  await restart(async (etcd, backup) => {
    await rm(etcd, { recursive: true });
    await cp(backup, etcd, { recursive: true });
  });
  await create('new');
  await until(keys, ['default/kept', 'default/new']);
  expect(store.get('default/new')).toMatchObject({ kind: 'ConfigMap' });
});
