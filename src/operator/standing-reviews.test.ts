import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { allows, aScene } from '../../test/a-snapshot.ts';
import type { EvaluationResult } from '../rego/index.ts';
import { createPolicyCatalog } from './policy-catalog.ts';
import { createPolicyHealth } from './policy-health.ts';
import { RECORDED_REGISTRY } from './recorded-registry.ts';
import { createStandingReviews } from './standing-reviews.ts';
import { UNFETCHED_EVIDENCE } from './unfetched-evidence.ts';
import { createVersionCollection } from './version-collection.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const STEP_MS = 5_000;
const FAILS = { kind: 'error', code: 'policy', message: 'conflict', evaluationMicroseconds: 9 } as const;
const IS_KILLED = { kind: 'error', code: 'timeout', message: 'took too long', evaluationMicroseconds: 9 } as const;
const ALLOWS: EvaluationResult = { kind: 'value', value: { allow: ['fine'] }, evaluationMicroseconds: 9 };
const DENIES: EvaluationResult = { kind: 'value', value: { deny: ['no card'] }, evaluationMicroseconds: 9 };

const { modelVersion: approved } = aScene().withPolicy('accuracy', allows()).applied().snapshot;
const anObject = (name: string, spec: object) => ({
  metadata: { name, namespace: 'risk', uid: name, generation: 1, resourceVersion: '1' },
  spec,
});

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'] });
});

afterEach(() => {
  vi.useRealTimers();
});

/** So many versions that another policy approved, judged in turn by the policies of these names. */
function aReview(count: number, ...names: readonly [string, ...string[]]) {
  const collection = createVersionCollection();
  for (let at = 0; at < count; at++) {
    const { metadata, spec } = anObject(`v${at}`, { ...approved.spec, model: `${names[at % names.length]}-${at}` });
    collection.add(`risk/v${at}`, { ...approved, metadata, spec });
  }
  const policies = createPolicyCatalog();
  for (const name of names) {
    const spec = { modules: { 'p.rego': 'package approval' }, match: { models: [`${name}-*`] } };
    policies.observe('ApprovalPolicy', {
      apiVersion: 'assent.dev/v1alpha1',
      kind: 'ApprovalPolicy',
      ...anObject(name, spec),
    });
    const inForce = { digest: name, wasm: new Uint8Array(), builtins: [], reads: [] };
    for (const { source } of policies.entries())
      policies.settle(`ApprovalPolicy/risk/${name}`, source, { kind: 'compiled', inForce });
  }
  const scene = {
    answer: (_policy: string, _version: string): EvaluationResult => FAILS,
    /** Versions that were looked at, one after the other. */
    looks: [] as string[],
    changed: new Set<string>(),
    problems: [] as string[],
  };
  const reviews = createStandingReviews({
    busy: { length: 0, idle: async () => {} },
    onError: (key, error) => scene.problems.push(`${key}: ${error}`),
  });
  const stop = new AbortController();
  const running = reviews.run(
    {
      ...collection,
      versions: {
        ...collection.versions,
        get(key) {
          scene.looks.push(key);
          return collection.versions.get(key);
        },
      },
      ...{ policies, namespaces: { labels: () => ({}) }, clock: () => approved.status?.decision?.now ?? '' },
      ...{ evidence: UNFETCHED_EVIDENCE, registries: RECORDED_REGISTRY },
      admission: { verified: () => true, confirm: async () => true },
      health: createPolicyHealth({ clock: () => new Date().toISOString(), onQuarantine: () => {} }),
      evaluator: {
        evaluate: async ({ policy, input }) =>
          scene.answer(policy.digest, JSON.parse(input).modelVersion.metadata.name),
      },
      onChange: (key) => scene.changed.add(key),
    },
    stop.signal,
  );
  return Object.assign(scene, {
    reviews,
    add: collection.add,
    /** Time goes by, and what is due is done. */
    async pass(milliseconds: number) {
      for (let left = milliseconds; left > 0; left -= STEP_MS) {
        vi.advanceTimersByTime(Math.min(left, STEP_MS));
        for (let quiet = 0, seen = -1; quiet < 4; quiet = seen === scene.looks.length ? quiet + 1 : 0) {
          seen = scene.looks.length;
          await nextTurn();
        }
      }
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  });
}

test('where a policy errs for ever, ever fewer are asked about, and others each time', async () => {
  await using scene = aReview(500, 'cards');
  scene.reviews.add();
  await scene.pass(1_000);
  expect(new Set(scene.looks.splice(0)).size).toBe(500);
  await scene.pass(HOUR_MS);
  expect(new Set(scene.looks).size).toBe(scene.looks.length);
  expect(scene.looks.splice(0).length).toBeLessThan(20 * 20);
  await scene.pass(HOUR_MS);
  expect(scene.looks.length).toBeLessThanOrEqual(20 * 12);
});

test('what could not be judged is judged when its policy answers again, once, and then left alone', async () => {
  await using scene = aReview(300, 'cards');
  scene.reviews.add();
  await scene.pass(20 * MINUTE_MS);
  scene.answer = () => ALLOWS;
  scene.looks.length = 0;
  await scene.pass(11 * MINUTE_MS);
  expect(new Set(scene.looks).size).toBe(300);
  expect(scene.looks).toHaveLength(300);
  await scene.pass(HOUR_MS);
  expect(scene.looks).toHaveLength(300);
});

test('one that errs for ever keeps nobody from being judged by another that answers again', async () => {
  await using scene = aReview(200, 'broken', 'cards');
  scene.reviews.add();
  await scene.pass(20 * MINUTE_MS);
  scene.answer = (policy) => (policy === 'cards' ? DENIES : FAILS);
  await scene.pass(11 * MINUTE_MS);
  expect(scene.changed.size).toBe(100);
});

test('what is told to answer again is asked soon', async () => {
  await using scene = aReview(10, 'cards');
  scene.reviews.add();
  await scene.pass(20 * MINUTE_MS);
  scene.answer = () => DENIES;
  scene.reviews.retry('risk');
  await scene.pass(2_000);
  expect(scene.changed.size).toBe(10);
});

test('where one is judged at last, as when its evidence came, the others are asked about soon', async () => {
  await using scene = aReview(100, 'cards');
  scene.reviews.add();
  await scene.pass(20 * MINUTE_MS);
  scene.answer = () => ALLOWS;
  scene.looks.length = 0;
  scene.reviews.add('risk/v0');
  for (let seconds = 0; seconds < 3; seconds++) await scene.pass(1_000);
  expect(new Set(scene.looks).size).toBe(100);
});

test('where a quarantine lets one through, that is another one each time', async () => {
  await using scene = aReview(8, 'cards');
  scene.answer = (_, version) => (version === 'v7' ? DENIES : IS_KILLED);
  scene.reviews.add();
  await scene.pass(1_000);
  expect([...scene.changed]).toEqual([]);
  await scene.pass(6 * HOUR_MS);
  expect([...scene.changed]).toEqual(['risk/v7']);
});

test('what is judged one way here and errs where it is written comes back later each time', async () => {
  await using scene = aReview(1, 'cards');
  scene.answer = () => DENIES;
  scene.reviews.keepUnjudged('risk/v0', 'cards');
  for (let at = 0; at < 60; at++) {
    await scene.pass(MINUTE_MS);
    if (scene.changed.delete('risk/v0')) scene.reviews.keepUnjudged('risk/v0', 'cards');
  }
  expect(scene.looks.length).toBeLessThan(25);
});

test('one that cannot be read is told, and keeps no other from being looked at', async () => {
  await using scene = aReview(3, 'cards');
  scene.answer = () => DENIES;
  const { metadata, spec, status } = approved;
  scene.add('risk/v1', { ...approved, metadata, spec, status: { ...status, surprise: 'of a later version' } });
  scene.add('risk/v2', { ...approved, ...anObject('v2', { ...spec, model: 'cards-2' }) });
  scene.reviews.add();
  await scene.pass(2_000);
  expect([...scene.changed]).toEqual(['risk/v0', 'risk/v2']);
  expect(scene.problems).toEqual([expect.stringContaining('risk/v1: Error: the stored object cannot be read')]);
});

test('what is gone meanwhile is forgotten', async () => {
  await using scene = aReview(1, 'cards');
  scene.reviews.keepUnjudged('risk/gone', 'cards');
  await scene.pass(HOUR_MS);
  expect(scene.looks).toEqual(['risk/gone']);
});
