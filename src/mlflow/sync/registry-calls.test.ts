import { expect, it } from 'vitest';
import { trustEveryAddress } from '../../distribution/index.ts';
import { createMlflowClient, RegistryError } from '../client/index.ts';
import { createRegistryCalls } from './registry-calls.ts';

function aRegistry() {
  const times = { nowMs: 0 };
  const told: string[] = [];
  const url = new URL('http://127.0.0.1');
  const client = createMlflowClient({ url, guard: trustEveryAddress(true) });
  const calls = createRegistryCalls({
    connection: {
      url: url.href,
      connect: async () => client,
      forget: () => told.push('forgot'),
      [Symbol.dispose]() {},
    },
    standingMs: 60_000,
    onRefused: ({ code }) => told.push(code),
    onRecovered: () => told.push('recovered'),
    nowMs: () => times.nowMs,
  });
  const fail = (code: RegistryError['code']) =>
    calls.ask(async () => {
      told.push('asked');
      throw new RegistryError(code, code);
    });
  return { times, told, calls, fail };
}

it('leaves a registry alone that refused the credentials, and asks again after a while', async () => {
  const { times, told, calls, fail } = aRegistry();
  await expect(fail('unauthorized')).rejects.toThrow('unauthorized');
  times.nowMs = 59_999;
  await expect(fail('unauthorized')).rejects.toThrow('unauthorized');
  expect(told).toEqual(['asked', 'forgot', 'unauthorized']);
  times.nowMs = 60_000;
  expect(await calls.ask(async () => 'well')).toBe('well');
  expect(told).toEqual(['asked', 'forgot', 'unauthorized', 'recovered']);
});

it('waits ever longer for one that does not answer, up to half a minute', async () => {
  const { times, calls, fail } = aRegistry();
  const waits: number[] = [];
  for (let tries = 0; tries < 8; tries++) {
    await expect(fail('unreachable')).rejects.toThrow();
    const forMs = calls.refusal()?.forMs ?? 0;
    waits.push(forMs);
    times.nowMs += forMs;
  }
  expect(waits[0]).toBeLessThanOrEqual(1_000);
  expect(waits.at(-1)).toBeGreaterThanOrEqual(15_000);
  expect(Math.max(...waits)).toBeLessThanOrEqual(30_000);
});

it('asks on where a single request was refused: the registry works', async () => {
  const { told, calls, fail } = aRegistry();
  await expect(fail('invalid')).rejects.toThrow('invalid');
  await expect(fail('not-found')).rejects.toThrow('not-found');
  expect(calls.refusal()).toBeNull();
  expect(told).toEqual(['asked', 'asked']);
});
