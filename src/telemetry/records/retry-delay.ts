/** How long to wait between tries. */
export interface RetryDelays {
  readonly baseMs: number;
  readonly maxMs: number;
}

/**
 * @param failures how many tries have failed in a row, at least one
 * @param random between 0 and 1: so that many clients do not come back at once
 * @returns between half of baseMs, doubled with each failure, and maxMs
 */
export function retryDelayMs(failures: number, { baseMs, maxMs }: RetryDelays, random: number): number {
  return Math.min(maxMs, baseMs * 2 ** (failures - 1)) * (0.5 + random / 2);
}

/**
 * Reads a Retry-After header (RFC 9110, 10.2.3): seconds, or a date.
 *
 * @param now in milliseconds since 1970
 */
export function parseRetryAfterMs(value: string | undefined, now: number): number | undefined {
  if (value === undefined) return undefined;
  if (/^\d+$/.test(value)) return Number(value) * 1_000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}
