import { beforeEach, describe, expect, it } from 'vitest';
import { BundleError, type FetchedBundle } from '../distribution/index.ts';
import type { CompileResult } from '../rego/index.ts';
import { createPolicyCatalog, type PolicyState } from './policy-catalog.ts';
import { createPolicyHealth } from './policy-health.ts';
import { reconcilePolicy, retryPolicy } from './reconcile-policy.ts';
import { type BundleRefresher, createBundleRefresher } from './refresh-bundle.ts';

const KEY = 'ApprovalPolicy/risk/fraud';
const aPolicy = (bundle: Record<string, unknown>, changes: Record<string, unknown> = {}) => ({
  apiVersion: 'assent.dev/v1alpha1',
  kind: 'ApprovalPolicy',
  metadata: { name: 'fraud', namespace: 'risk', uid: 'u', generation: 1, resourceVersion: '1' },
  spec: { bundle: { http: 'https://bundles.example.com/fraud.tar.gz', ...bundle } },
  ...changes,
});
const TAGGED = { oci: 'r.example/fraud:1', http: undefined, verify: { bundle: { keys: [{ publicKey: 'x' }] } } };
const PINNED = { digest: `sha256:${'a'.repeat(64)}`, verify: undefined };

const fetched = (word: string): FetchedBundle => ({
  kind: 'fetched',
  bundle: { revision: word, modules: { 'p.rego': word }, data: {}, wasm: null },
  files: new Map(),
  state: { digest: `sha256:${word}` },
});
const compile = async (modules: Readonly<Record<string, string>>): Promise<CompileResult> => {
  const word = modules['p.rego'] ?? '';
  const error = { file: 'p.rego', line: 1, column: 1, code: 'rego_parse_error', message: 'broken' };
  if (word === 'broken') return { kind: 'failed', errors: [error] };
  return { kind: 'compiled', policy: { digest: `compiled-${word}`, wasm: new Uint8Array(), builtins: [], reads: [] } };
};

let answers: (FetchedBundle | BundleError | Error)[];
let asked: (string | undefined)[];
let disk: Map<string, PolicyState['inForce']>;
let later: string[];

function start(...objects: readonly unknown[]) {
  const catalog = createPolicyCatalog();
  for (const object of objects) catalog.observe('ApprovalPolicy', object);
  const statuses: unknown[] = [];
  const compiler = {
    compile,
    adopt: async () => compile({}),
    load: async (digest: string) => disk.get(digest) ?? null,
  };
  const bundles: BundleRefresher = createBundleRefresher({
    fetcher: {
      async fetch(_, known) {
        asked.push(known?.digest);
        const answer = answers.shift() ?? new BundleError('unreachable', 'down');
        if (answer instanceof Error) throw answer;
        return answer;
      },
    },
    compiler,
    records: { record: () => undefined },
    clock: () => 'now',
    events: { bundleFetched: () => undefined, bundleFailed: () => undefined },
    random: () => 0.5,
  });
  const ports = {
    ...{ catalog, compiler, bundles, records: { record: () => undefined }, clock: () => 'now' },
    health: createPolicyHealth({ clock: () => 'now', onQuarantine: () => undefined }),
    writer: {
      writeModelVersionStatus: async () => '',
      writePolicyStatus: async (_kind: unknown, _ref: unknown, status: unknown) => {
        statuses.push(status);
        return '';
      },
    },
    ...{
      events: { record: () => undefined },
      fetchLater: (key: string) => later.push(key),
      compileLater: () => undefined,
      onSettled: () => undefined,
    },
  };
  return { catalog, statuses, reconcile: () => reconcilePolicy(KEY, ports), fetch: () => retryPolicy(KEY, ports) };
}

beforeEach(() => {
  answers = [];
  asked = [];
  disk = new Map();
  later = [];
});

describe('a policy whose bundle', () => {
  it('was fetched is in force, and is asked for again by the digest that is known', async () => {
    answers = [fetched('one'), { kind: 'unchanged' }, fetched('two')];
    const { catalog, reconcile, fetch } = start(aPolicy(TAGGED));
    expect(await reconcile()).toBeUndefined();
    expect(later).toEqual([KEY]);
    await fetch();
    expect(await reconcile()).toEqual({ requeueAfterMs: expect.closeTo(300_000, -3) });
    await fetch();
    expect(catalog.get(KEY)?.state).toMatchObject({ kind: 'compiled', inForce: { digest: 'compiled-one' } });
    await fetch();
    expect(catalog.get(KEY)?.state).toMatchObject({
      bundle: { digest: 'sha256:two', revision: 'two', fetchedAt: 'now' },
    });
    expect(asked).toEqual([undefined, 'sha256:one', 'sha256:one']);
  });

  it('is pinned is not asked for again once it is in force', async () => {
    answers = [fetched('one')];
    const { reconcile, fetch } = start(aPolicy(PINNED));
    await fetch();
    expect(await reconcile()).toBeUndefined();
    expect(later).toEqual([]);
  });

  it('fails keeps the last good one, and is asked for ever later', async () => {
    answers = [fetched('one'), fetched('broken')];
    const { catalog, reconcile, fetch } = start(aPolicy(TAGGED));
    await fetch();
    await fetch();
    const kept = { kind: 'failed', inForce: { digest: 'compiled-one' }, bundle: { digest: 'sha256:one' } };
    expect(catalog.get(KEY)?.state).toMatchObject({ ...kept, step: 'compile' });
    const waits: (number | undefined)[] = [];
    for (const code of ['unreachable', 'not-verified', 'digest-mismatch', 'too-large'] as const) {
      answers = [new BundleError(code, code)];
      await fetch();
      expect(catalog.get(KEY)?.state).toMatchObject({ ...kept, problem: code });
      waits.push((await reconcile())?.requeueAfterMs);
    }
    const [first = 0, second = 0, third = 0] = waits;
    expect(first).toBeLessThanOrEqual(2_000);
    expect(second).toBeGreaterThan(1.5 * first);
    expect(third).toBeGreaterThan(1.5 * second);
  });

  it('changes its checks is fetched and checked anew, whatever was known before', async () => {
    answers = [fetched('one'), fetched('one')];
    const { catalog, fetch } = start(aPolicy(TAGGED));
    await fetch();
    catalog.observe('ApprovalPolicy', aPolicy({ ...TAGGED, verify: { bundle: { keys: [{ publicKey: 'y' }] } } }));
    expect(catalog.get(KEY)?.state).toMatchObject({ kind: 'unknown', inForce: { digest: 'compiled-one' } });
    await fetch();
    expect(asked).toEqual([undefined, undefined]);
  });

  it('was in force before a restart is in force at once, before anything is asked for', async () => {
    const status = {
      observedGeneration: 1,
      digest: 'compiled-old',
      bundle: { digest: 'sha256:old', fetchedAt: 'before' },
      conditions: [{ type: 'Ready', status: 'True', reason: '', message: '', lastTransitionTime: '' }],
    };
    disk.set('compiled-old', { digest: 'compiled-old', wasm: new Uint8Array(), builtins: [], reads: [] });
    const { catalog, reconcile, fetch } = start(aPolicy(TAGGED, { status }));
    expect(await reconcile()).toEqual({ requeueAfterMs: expect.closeTo(1_000, -2) });
    expect(later).toEqual([]);
    const inForce = { inForce: { digest: 'compiled-old' }, bundle: status.bundle };
    expect(catalog.get(KEY)?.state).toMatchObject({ kind: 'compiled', ...inForce });
    await fetch();
    expect(catalog.get(KEY)?.state).toMatchObject({ kind: 'failed', step: 'fetch', ...inForce });

    const changed = start(aPolicy(TAGGED, { status: { ...status, observedGeneration: 0 } }));
    expect(await changed.reconcile()).toBeUndefined();
    expect(changed.catalog.get(KEY)?.state.kind).toBe('unknown');
    expect(later).toEqual([KEY]);
  });

  it('that comes back from an object that could not be read is not left unknown', async () => {
    answers = [fetched('one'), { kind: 'unchanged' }];
    const { catalog, reconcile, fetch } = start(aPolicy(PINNED));
    await fetch();
    catalog.observe('ApprovalPolicy', aPolicy(PINNED, { spec: {} }));
    catalog.observe('ApprovalPolicy', aPolicy(PINNED));
    await reconcile();
    expect(later).toEqual([KEY]);
    await fetch();
    expect(catalog.get(KEY)?.state).toMatchObject({ kind: 'compiled', inForce: { digest: 'compiled-one' } });
  });
});
