import { expect, it, vi } from 'vitest';
import { buildAdmissionManifests } from '../admission/index.ts';
import { watchAdmission } from './watch-admission.ts';

/** Of what `inForce()` holds. */
const IDENTITY = buildAdmissionManifests()
  .map((_, index) => `uid-${index}/1`)
  .toSorted()
  .join();

/** What a cluster holds: the manifests as built, each with an identity. */
function inForce(generation = 1): readonly unknown[] {
  return buildAdmissionManifests().map(({ metadata, ...rest }, index) => ({
    ...rest,
    metadata: { ...Object(metadata), uid: `uid-${index}`, generation },
  }));
}

/** Remembers, as a ConfigMap does. */
function remembering(last?: string) {
  let identity = last;
  return {
    load: async () => identity,
    save: async (seen: string) => {
      identity = seen;
    },
  };
}

function watching(found: () => readonly unknown[] | Promise<readonly unknown[]>, state = remembering(IDENTITY)) {
  const events = { onChange: vi.fn(), onInterrupted: vi.fn(), onProblem: vi.fn(), isResolved: vi.fn(() => true) };
  const read = vi.fn(async () => found());
  const options = { read, state, namespace: 'assent-system', intervalMs: 60_000 };
  const watch = watchAdmission({ ...options, ...events });
  return { ...events, read, watch };
}

it('what is in force as built is verified, and told once', async () => {
  const { watch, onChange } = watching(inForce);
  await using watched = watch;
  await watched.synced;
  expect(await watched.confirm()).toBe(true);
  expect(onChange.mock.calls).toEqual([[true, []]]);
});

it('what is taken away is found at the next look', async () => {
  let found = inForce();
  const { watch, onChange } = watching(() => found);
  await using watched = watch;
  await watched.synced;
  found = found.slice(1);
  expect(await watched.confirm()).toBe(false);
  expect(watched.verified()).toBe(false);
  expect(onChange).toHaveBeenLastCalledWith(false, [expect.stringContaining('is missing')]);
});

it('what was changed and changed back is in force again, and leaves what came meanwhile in doubt', async () => {
  let found = inForce();
  const { watch, onInterrupted } = watching(() => found);
  await using watched = watch;
  await watched.synced;
  found = inForce(3);
  expect(await watched.confirm()).toBe(false);
  expect(watched.verified()).toBe(true);
  expect(onInterrupted).toHaveBeenCalledTimes(1);
});

it('whoever asks while a look is on its way gets one that begins afterwards, and shares it', async () => {
  const { watch, read } = watching(inForce);
  await using watched = watch;
  await watched.synced;
  const before = read.mock.calls.length;
  const first = watched.confirm();
  await Promise.resolve();
  await Promise.all([first, watched.confirm(), watched.confirm(), watched.confirm()]);
  expect(read.mock.calls.length - before).toBeLessThanOrEqual(2);
});

it('a read that fails decides nothing: it throws, and what was known stays', async () => {
  let fail = false;
  const { watch } = watching(() => {
    if (fail) throw new Error('the API server is away');
    return inForce();
  });
  await using watched = watch;
  await watched.synced;
  fail = true;
  await expect(watched.confirm()).rejects.toThrow('away');
  expect(watched.verified()).toBe(true);
});

it.each([
  ['no operator has seen any before', undefined],
  ['the last operator saw others', 'uid-of-before/1'],
])('what people decided before its first look is in doubt where %s', async (_, last) => {
  const state = remembering(last);
  const { watch, onInterrupted } = watching(inForce, state);
  await using watched = watch;
  await watched.synced;
  expect(onInterrupted).toHaveBeenCalledTimes(1);
  await vi.waitFor(
    async () => {
      await watched.confirm();
      expect(await state.load()).toBe(IDENTITY);
    },
    { timeout: 5_000 },
  );
});

it('what is in force is noted as known only when all that was in doubt is recorded: a crash before must not forget it', async () => {
  const state = remembering(IDENTITY);
  const { watch, isResolved } = watching(() => inForce(3), state);
  isResolved.mockReturnValue(false);
  await watch.synced;
  await watch.settled();
  await watch.confirm();
  expect(await state.load()).toBe(IDENTITY);
  isResolved.mockReturnValue(true);
  await vi.waitFor(async () => expect(await state.load()).not.toBe(IDENTITY), { timeout: 5_000 });
  await watch[Symbol.asyncDispose]();
});

it('what comes for a moment after an interruption is in doubt too, and what comes later is not', async () => {
  const { watch, onInterrupted } = watching(() => inForce(3));
  await using watched = watch;
  await watched.synced;
  expect(await watched.confirm()).toBe(false);
  expect(onInterrupted).toHaveBeenCalledTimes(1);
  await watched.settled();
  expect(onInterrupted).toHaveBeenCalledTimes(2);
  expect(await watched.confirm()).toBe(true);
});
