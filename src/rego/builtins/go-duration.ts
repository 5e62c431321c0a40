const nanosecondsPer: Readonly<Record<string, bigint>> = {
  ns: 1n,
  us: 1_000n,
  µs: 1_000n,
  μs: 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
};
/** OPA's own units, in hours. */
const hoursPer: Readonly<Record<string, number>> = { d: 24, w: 168, y: 8_760 };
const maximum = 2n ** 63n;

/** Go's time.ParseDuration with OPA's days, weeks and years: nanoseconds, or undefined where it is no duration. */
export function parseDuration(text: string): bigint | undefined {
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  const rest = text.slice(sign.length);
  if (rest === '0') return 0n;
  const segments = [...rest.matchAll(/(\d+\.?\d*|\.\d+)([a-zµμ]+)/gy)];
  if (segments.length === 0 || segments.map(([whole]) => whole).join('') !== rest) return undefined;
  let total = 0n;
  for (const [, amount = '', unit = ''] of segments) {
    const nanoseconds = toNanoseconds(amount, unit);
    if (nanoseconds === undefined) return undefined;
    total += nanoseconds;
  }
  const limit = sign === '-' ? maximum : maximum - 1n;
  if (total > limit) return undefined;
  return sign === '-' ? -total : total;
}

function toNanoseconds(amount: string, unit: string): bigint | undefined {
  const hours = hoursPer[unit];
  if (hours !== undefined) return toNanoseconds(plain(Number(amount) * hours), 'h');
  const scale = nanosecondsPer[unit];
  if (scale === undefined) return undefined;
  const [whole = '', fraction = ''] = amount.split('.');
  const wholePart = BigInt(whole || '0') * scale;
  // As Go: the fraction in floating point, cut to whole nanoseconds.
  const fractionPart = BigInt(Math.trunc(Number(fraction || '0') * (Number(scale) / 10 ** fraction.length)));
  return wholePart + fractionPart;
}

function plain(value: number): string {
  return Number.isInteger(value) ? BigInt(value).toString() : String(value);
}
