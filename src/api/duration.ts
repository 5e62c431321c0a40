import { z } from 'zod';

const UNIT_MS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000 };
const UNIT_BYTES: Readonly<Record<string, number>> = { '': 1, Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30 };

const DURATION = 'a duration reads like 100ms, 30s or 72h';
const QUANTITY = 'a size reads like 256Ki or 16Mi';

/** A duration as Go and Kubernetes write it, without signs: `100ms`, `72h`, `1h30m`. */
export const Duration = z
  .string(DURATION)
  .max(32)
  .regex(/^([0-9]+(\.[0-9]+)?(ms|s|m|h))+$/);

/** Bytes as Kubernetes writes them: `16Mi`, `256Ki`, `4096`. */
export const Quantity = z
  .string(QUANTITY)
  .max(32)
  .regex(/^[0-9]+(Ki|Mi|Gi)?$/);

/** @returns milliseconds, of a text that `Duration` accepts. */
export function parseDurationMs(text: string): number {
  let total = 0;
  for (const [, amount, unit] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)/g)) {
    total += Number(amount) * (UNIT_MS[unit ?? 'ms'] ?? 1);
  }
  return total;
}

/** @returns bytes, of a text that `Quantity` accepts. */
export function parseBytes(text: string): number {
  const [, amount, unit] = /^([0-9]+)(Ki|Mi|Gi)?$/.exec(text) ?? [];
  return Number(amount ?? 0) * (UNIT_BYTES[unit ?? ''] ?? 1);
}
