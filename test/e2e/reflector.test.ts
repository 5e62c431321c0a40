import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { type ControlPlane, startControlPlane } from '../../src/dev/index.ts';
import {
  applyManifest,
  type Cluster,
  createPlainStore,
  KubeApiError,
  loadCluster,
  resourcePath,
  watchResource,
} from '../../src/kube/index.ts';
import { REFLECTOR_TIMES, type ReflectorTimes } from '../../src/kube/reflector.ts';
import { CONFIG_MAPS } from '../../src/operator/resources.ts';
import { portOf, startTcpProxy, type TcpProxy } from './tcp-proxy.ts';
import { until } from './until.ts';

const QUICK: ReflectorTimes = { ...REFLECTOR_TIMES, backoffBaseMs: 20, backoffMaxMs: 500 };

// A control plane of its own: these tests restart it, and make it forget.
let controlPlane: ControlPlane;
let folder: string;
/** The way to the API server that nobody disturbs. */
let direct: Cluster;
let proxy: TcpProxy;
/** The same API server, through the proxy. */
let proxied: Cluster;
let namespace: string;
let count = 0;

beforeAll(async () => {
  controlPlane = await startControlPlane({});
  folder = await mkdtemp(join(tmpdir(), 'assent-reflector-'));
  direct = loadCluster({ kubeconfig: controlPlane.kubeconfig });
});
afterAll(async () => {
  await direct?.[Symbol.asyncDispose]();
  await controlPlane?.stop();
  await rm(folder, { recursive: true });
});

beforeEach(async () => {
  proxy = await startTcpProxy(Number(new URL(controlPlane.url).port));
  const kubeconfig = join(folder, `kubeconfig-${proxy.port}`);
  const content = await readFile(controlPlane.kubeconfig, 'utf8');
  await writeFile(kubeconfig, content.replace(controlPlane.url, `https://127.0.0.1:${proxy.port}`), { mode: 0o600 });
  proxied = loadCluster({ kubeconfig });
  namespace = `reflector-${++count}`;
  await applyManifest(direct, { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }, 'test');
});
afterEach(async () => {
  await proxied[Symbol.asyncDispose]();
  await proxy[Symbol.asyncDispose]();
});

/** Follows the namespace's ConfigMaps, and keeps what it was told. */
function follow({
  times = QUICK,
  cluster = proxied,
}: {
  readonly times?: ReflectorTimes;
  readonly cluster?: Cluster;
} = {}) {
  const store = createPlainStore();
  const deleted: string[] = [];
  const problems: unknown[] = [];
  const informer = watchResource({
    cluster,
    resource: CONFIG_MAPS,
    namespaces: [namespace],
    store,
    times,
    onChange: ({ key, now }) => {
      if (now === undefined) deleted.push(key);
    },
    onProblem: (error) => problems.push(error),
  });
  return {
    store,
    deleted,
    problems,
    informer,
    /** The codes of its problems, each once. */
    codes: () => [...new Set(problems.map((error) => (error instanceof KubeApiError ? error.code : String(error))))],
    [Symbol.asyncDispose]: () => informer[Symbol.asyncDispose](),
  };
}
type Followed = ReturnType<typeof follow>;

const keyOf = (name: string) => `${namespace}/${name}`;
const path = (name?: string) => resourcePath(CONFIG_MAPS, { namespace, ...(name === undefined ? {} : { name }) });

const create = (name: string) =>
  direct.request({ method: 'POST', path: path(), body: { metadata: { name }, data: { revision: '0' } } });
const remove = (name: string) => direct.request({ method: 'DELETE', path: path(name) });
const change = (name: string, revision: number) =>
  direct.request({
    method: 'PATCH',
    path: path(name),
    contentType: 'application/merge-patch+json',
    body: { data: { revision: String(revision) } },
  });
const createAll = (names: readonly string[]) => Promise.all(names.map(create));
const names = (length: number) => Array.from({ length }, (_, index) => `c${index}`);

const ConfigMap = z.object({ metadata: z.looseObject({ name: z.string(), resourceVersion: z.string() }) });
const List = z.object({ items: z.array(ConfigMap) });

/** Waits until the store holds what the server holds, version by version. */
async function untilInStep({ store }: Followed): Promise<void> {
  const { items } = List.parse(await direct.request({ method: 'GET', path: path() }));
  const there = new Map(items.map(({ metadata }) => [keyOf(metadata.name), metadata.resourceVersion]));
  const versionOf = (key: string) => ConfigMap.parse(store.get(key)).metadata.resourceVersion;
  await until(async () => new Map([...store.keys()].map((key) => [key, versionOf(key)])), there);
}

/** Etcd forgets all revisions but the newest, and the API server those that it had kept in memory. */
async function forget(): Promise<void> {
  const Header = z.object({ header: z.object({ revision: z.string() }) });
  const { header } = Header.parse(await askEtcd('/v3/kv/range', { key: Buffer.from('/').toString('base64') }));
  await askEtcd('/v3/kv/compaction', { revision: header.revision, physical: true });
  await controlPlane.stopApiServer();
  await controlPlane.startApiServer();
}

async function askEtcd(path: string, body: Record<string, unknown>): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const socketPath = join(controlPlane.folder, 'etcd.sock');
  request({ socketPath, path, method: 'POST' }, (response) => resolve(json(response)))
    .on('error', reject)
    .end(JSON.stringify(body));
  return promise;
}

describe('a connection that falls silent', () => {
  it('is noticed and taken up again, nothing lost; one that speaks is left alone', async () => {
    await createAll(names(3));
    const times = { ...QUICK, silenceMs: 2_000 };
    await using followed = follow({ times });
    await followed.informer.synced;
    const startedAt = performance.now();
    for (let revision = 1; performance.now() - startedAt < 1.5 * times.silenceMs; revision++)
      await change('c0', revision);
    await untilInStep(followed);
    expect(followed.codes()).toEqual([]);

    proxy.silence();
    await Promise.all([change('c0', -1), remove('c1'), create('new')]);
    await until(async () => followed.codes(), ['timeout']);
    proxy.recover();
    await untilInStep(followed);
    expect(followed.deleted).toEqual([keyOf('c1')]);
  });

  it('is noticed too where the server should have ended the watch by then', async () => {
    await using followed = follow({ times: { ...QUICK, watchSeconds: 1, graceMs: 100 } });
    await followed.informer.synced;
    proxy.silence();
    await create('meanwhile');
    const late = expect.objectContaining({ message: expect.stringContaining('did not end it in time') });
    await until(async () => followed.problems, expect.arrayContaining([late]));
    proxy.recover();
    await untilInStep(followed);
  });

  it('does not keep who wants to leave', async () => {
    const followed = follow();
    await followed.informer.synced;
    await until(async () => proxy.open, 2);
    proxy.silence();
    await followed[Symbol.asyncDispose]();
    expect(followed.problems).toEqual([]);
  });
});

it('a watch that the server ends goes on where it ended, and that is no problem', async () => {
  let watches = 0;
  const cluster: Cluster = {
    ...proxied,
    stream(request) {
      watches++;
      return proxied.stream(request);
    },
  };
  await using followed = follow({ cluster, times: { ...QUICK, watchSeconds: 1 } });
  await followed.informer.synced;
  for (let index = 0; watches < 3; index++) {
    const name = `c${index}`;
    await create(name);
    await until(async () => followed.store.get(keyOf(name)) !== undefined, true);
    if (index % 2 === 0) await remove(name);
  }
  await untilInStep(followed);
  expect(followed.problems).toEqual([]);
});

it('connections cut in the middle of 600 changes cost none of them', async () => {
  await createAll(names(20));
  await using followed = follow();
  await followed.informer.synced;
  for (let revision = 1; revision <= 30; revision++) {
    const changes = names(20).map((name) => change(name, revision));
    if (revision % 5 === 0) proxy.cut();
    await Promise.all(changes);
  }
  await untilInStep(followed);
  expect(followed.codes()).toEqual(['unreachable']);
});

describe('what happens while nothing is reached', () => {
  it('arrives when the server is reached again, and what is gone is told as deleted', async () => {
    await createAll(names(10));
    await using followed = follow();
    await followed.informer.synced;
    proxy.refuse();
    await Promise.all([change('c0', 1), remove('c1'), remove('c2').then(() => create('c2')), create('new')]);
    await until(async () => followed.codes(), ['unreachable']);
    proxy.recover();
    await untilInStep(followed);
    expect(followed.deleted.toSorted()).toEqual([keyOf('c1'), keyOf('c2')]);
  });

  it('arrives by a new list where the server has forgotten what happened since', async () => {
    await createAll(names(10));
    await using followed = follow();
    await followed.informer.synced;
    proxy.refuse();
    await Promise.all([change('c0', 1), remove('c1'), create('new')]);
    await forget();
    proxy.recover();
    await untilInStep(followed);
    expect(followed.codes()).toContain('gone');
    expect(followed.deleted).toEqual([keyOf('c1')]);
  });
});

describe('a server is asked less and less often', () => {
  const times = { ...QUICK, backoffBaseMs: 100, backoffMaxMs: 800 };

  /** Each wait lasts at least half of what doubles from 100 ms up to 800 ms; the first came before the first attempt. */
  function expectGrowingWaits(attempts: readonly number[]): void {
    const waits = attempts.slice(1).map((at, index) => at - (attempts[index] ?? 0));
    const least = [100, 200, 400, 400, 400, 400];
    // A timer may fire up to a millisecond early.
    for (const [index, leastMs] of least.entries()) expect(waits[index]).toBeGreaterThanOrEqual(leastMs - 2);
  }

  it('where it turns connections away', async () => {
    await using followed = follow({ times });
    await followed.informer.synced;
    // The list's, and the watch's.
    await until(async () => proxy.open, 2);
    const from = proxy.attempts.length;
    proxy.refuse();
    await until(async () => proxy.attempts.length - from >= 7, true);
    expectGrowingWaits(proxy.attempts.slice(from));
    proxy.recover();
    await create('later');
    await untilInStep(followed);
  });

  it('where it ends every watch at once, as a proxy before it may', async () => {
    const watches: number[] = [];
    const hasty = createServer(async (asked, answer) => {
      answer.setHeader('content-type', 'application/json');
      if (!asked.url?.includes('watch=true'))
        return answer.end(JSON.stringify(await direct.request({ method: 'GET', path: asked.url ?? '' })));
      watches.push(performance.now());
      return answer.end();
    }).listen(0, '127.0.0.1');
    await once(hasty, 'listening');
    const kubeconfig = join(folder, 'kubeconfig-hasty');
    await writeFile(kubeconfig, JSON.stringify(aKubeconfig(`http://127.0.0.1:${portOf(hasty)}`)));
    await using cluster = loadCluster({ kubeconfig });
    await using followed = follow({ cluster, times });
    await until(async () => watches.length >= 8, true);
    expectGrowingWaits(watches.slice(1));
    expect(followed.codes()).toEqual(['server']);
    hasty.close();
    hasty.closeAllConnections();
  });
});

function aKubeconfig(server: string): Record<string, unknown> {
  const [cluster, user, name] = ['hasty', 'nobody', 'hasty'];
  return {
    clusters: [{ name: cluster, cluster: { server, 'insecure-skip-tls-verify': true } }],
    users: [{ name: user, user: {} }],
    contexts: [{ name, context: { cluster, user } }],
    'current-context': name,
  };
}

describe('a list of 1,200', () => {
  /** The cluster, with every page that is asked for; `beforePage` is awaited before it is. */
  function recordPages(beforePage: (page: number) => Promise<unknown> = async () => {}) {
    const pages: Readonly<Record<string, string>>[] = [];
    const cluster: Cluster = {
      ...proxied,
      async request(asked) {
        pages.push({ ...asked.query });
        await beforePage(pages.length);
        return proxied.request(asked);
      },
    };
    return { pages, cluster };
  }

  it('is read in pages of 500, and managedFields are not kept', async () => {
    await createAll(names(1_200));
    const { pages, cluster } = recordPages();
    await using followed = follow({ cluster });
    await followed.informer.synced;
    await untilInStep(followed);
    expect(pages.map(({ limit, continue: token }) => ({ limit, goesOn: token !== undefined }))).toEqual([
      { limit: '500', goesOn: false },
      { limit: '500', goesOn: true },
      { limit: '500', goesOn: true },
    ]);
    await change('c0', 1);
    await untilInStep(followed);
    const held = [...followed.store.keys()].map((key) => followed.store.get(key));
    expect(held).toHaveLength(1_200);
    expect(JSON.stringify(held)).not.toContain('managedFields');
    expect(held[0]).toMatchObject({ apiVersion: 'v1', kind: 'ConfigMap' });
  });

  it('begins anew where the server has forgotten the list between two pages', async () => {
    await createAll(names(1_200));
    const { pages, cluster } = recordPages(async (page) => {
      if (page !== 2) return;
      await remove('c0');
      await forget();
    });
    await using followed = follow({ cluster });
    await followed.informer.synced;
    await untilInStep(followed);
    expect(pages.length).toBeGreaterThanOrEqual(5);
    expect(followed.codes()).toContain('gone');
    expect(followed.deleted).toEqual([keyOf('c0')]);
  });
});
