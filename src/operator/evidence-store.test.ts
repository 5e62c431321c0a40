import { createHash } from 'node:crypto';
import { afterEach, expect, test, vi } from 'vitest';
import { createEvidenceStore } from './evidence-store.ts';

const digestOf = (text: string) => `sha256:${createHash('sha256').update(text).digest('hex')}`;
const source = (text: string, uri = 'https://evidence.example/1') => ({ uri, digest: digestOf(text) });
const isWaiting = () => true;
const settle = () => new Promise((resolve) => setImmediate(resolve));

afterEach(() => {
  vi.useRealTimers();
});

test('an envelope is fetched once, and every version that asked for it comes back', async () => {
  const news: string[] = [];
  const fetch = vi.fn(async () => Buffer.from('envelope'));
  await using store = createEvidenceStore({ fetch, isWaiting, onNews: (key) => news.push(key) });
  expect(store.read('risk/a', source('envelope'), 'risk')).toEqual({ kind: 'pending' });
  expect(store.read('risk/b', source('envelope'), 'risk')).toEqual({ kind: 'pending' });
  await settle();
  expect(news).toEqual(['risk/a', 'risk/b']);
  expect(store.read('risk/a', source('envelope'), 'risk')).toMatchObject({ kind: 'bytes' });
  expect(fetch).toHaveBeenCalledTimes(1);
});

test('something else than what the digest names is no evidence, and is told', async () => {
  await using store = createEvidenceStore({ fetch: async () => Buffer.from('other'), isWaiting, onNews: () => {} });
  store.read('risk/a', source('envelope'), 'risk');
  await settle();
  const problem = expect.stringContaining(`has the digest ${digestOf('other')}`);
  expect(store.read('risk/a', source('envelope'), 'risk')).toEqual({ kind: 'unavailable', problem });
});

test('what cannot be fetched is told, and tried again later each time', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const news: string[] = [];
  let answers: Buffer | null = null;
  const fetch = vi.fn(async () => {
    if (!answers) throw new Error('the server is away');
    return answers;
  });
  await using store = createEvidenceStore({ fetch, isWaiting, onNews: (key) => news.push(key) });
  store.read('risk/a', source('envelope'), 'risk');
  await settle();
  expect(store.read('risk/a', source('envelope'), 'risk')).toEqual({
    kind: 'unavailable',
    problem: 'the server is away',
  });
  vi.advanceTimersByTime(4_999);
  await settle();
  expect(fetch).toHaveBeenCalledTimes(1);
  vi.advanceTimersByTime(1);
  await settle();
  expect(fetch).toHaveBeenCalledTimes(2);
  answers = Buffer.from('envelope');
  vi.advanceTimersByTime(10_000);
  await settle();
  expect(store.read('risk/a', source('envelope'), 'risk')).toMatchObject({ kind: 'bytes' });
  expect(news).toEqual(['risk/a', 'risk/a', 'risk/a']);
});

test('what nobody waits for any more is tried again for nobody, and who still waits is told alone', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const waiting = new Set(['risk/a', 'risk/b']);
  const news: string[] = [];
  const fetch = vi.fn(() => Promise.reject(new Error('the server is away')));
  await using store = createEvidenceStore({
    fetch,
    isWaiting: (key) => waiting.has(key),
    onNews: (key) => news.push(key),
  });
  store.read('risk/a', source('envelope'), 'risk');
  store.read('risk/b', source('envelope'), 'risk');
  await settle();
  waiting.delete('risk/a');
  vi.advanceTimersByTime(5_000);
  await settle();
  expect(news).toEqual(['risk/a', 'risk/b', 'risk/b']);
  waiting.clear();
  vi.advanceTimersByTime(3_600_000);
  await settle();
  expect(fetch).toHaveBeenCalledTimes(2);
  expect(store.read('risk/c', source('envelope'), 'risk')).toEqual({ kind: 'pending' });
});

test('what a decided version is reviewed by is fetched, although it waits for nothing', async () => {
  await using store = createEvidenceStore({
    fetch: async () => Buffer.from('envelope'),
    isWaiting: () => false,
    onNews: () => {},
  });
  store.read('risk/a', source('envelope'), 'risk');
  await settle();
  expect(store.read('risk/a', source('envelope'), 'risk')).toMatchObject({ kind: 'bytes' });
});

test('many are fetched a few at a time', async () => {
  let most = 0;
  let now = 0;
  const fetch = async ({ uri = '' }) => {
    most = Math.max(most, ++now);
    await settle();
    now--;
    return Buffer.from(uri);
  };
  await using store = createEvidenceStore({ fetch, isWaiting, onNews: () => {} });
  const addresses = Array.from({ length: 50 }, (_, at) => `https://evidence.example/${at}`);
  for (const uri of addresses) store.read('risk/a', source(uri, uri), 'risk');
  await vi.waitFor(() => {
    for (const uri of addresses)
      expect(store.read('risk/a', source(uri, uri), 'risk')).toMatchObject({ kind: 'bytes' });
  });
  expect(most).toBe(2);
});

test('servers that never answer hold up their own namespace, and not the next one', async () => {
  const never = new Promise<Buffer>(() => {});
  const fetch = async ({ uri = '' }) => (uri.includes('tarpit') ? never : Buffer.from(uri));
  let nowMs = 0;
  const store = createEvidenceStore({ fetch, isWaiting, onNews: () => {}, nowMs: () => nowMs });
  const ask = (namespace: string, uri: string) => store.read(`${namespace}/a`, source(uri, uri), namespace);
  for (let at = 0; at < 1_000; at++) ask('hostile', `https://tarpit.example/${at}`);
  ask('risk', 'https://evidence.example/1');
  await settle();
  expect(ask('risk', 'https://evidence.example/1')).toMatchObject({ kind: 'bytes' });
  expect(ask('hostile', 'https://tarpit.example/999')).toEqual({ kind: 'pending' });
  nowMs += 20_000;
  const problem = 'it is still being fetched';
  expect(ask('hostile', 'https://tarpit.example/999')).toEqual({ kind: 'unavailable', problem });
});

test('what was forgotten before its turn and asked for anew has one turn', async () => {
  let release = () => {};
  const busy = new Promise<void>((resolve) => {
    release = resolve;
  });
  const asked: string[] = [];
  const fetch = async ({ uri = '' }) => {
    asked.push(uri);
    await busy;
    throw new Error('the server is away');
  };
  await using store = createEvidenceStore({ fetch, isWaiting, onNews: () => {} });
  const ask = (uri: string) => store.read('risk/a', source(uri, uri), 'risk');
  for (const uri of ['busy/1', 'busy/2', 'again']) ask(uri);
  for (let at = 0; at < 500; at++) ask(`other/${at}`);
  ask('again');
  release();
  await vi.waitFor(() => expect(asked).toContain('other/499'));
  await settle();
  expect(asked.filter((uri) => uri === 'again')).toHaveLength(1);
});

test('a ConfigMap is that of the own namespace', async () => {
  const fetch = vi.fn(async (_: unknown, namespace: string) => Buffer.from(namespace));
  await using store = createEvidenceStore({ fetch, isWaiting, onNews: () => {} });
  const configMap = { configMap: { name: 'results', key: 'envelope' }, digest: digestOf('credit') };
  store.read('risk/a', configMap, 'risk');
  store.read('credit/a', configMap, 'credit');
  await settle();
  expect(fetch.mock.calls.map(([, namespace]) => namespace)).toEqual(['risk', 'credit']);
});
