/** Go's strconv.FormatFloat(value, format, precision, 64) of a finite number; precision -1 is the shortest exact. */
export function formatFloat(value: number, format: 'e' | 'E' | 'f' | 'g' | 'G', precision: number): string {
  const sign = value < 0 || Object.is(value, -0) ? '-' : '';
  return sign + formatMagnitude(Math.abs(value), format, precision);
}

// A number as decimal digits without trailing zeros: 0.DIGITS × 10^point. Zero has no digits.
interface Decimal {
  digits: string;
  point: number;
}

function formatMagnitude(value: number, format: 'e' | 'E' | 'f' | 'g' | 'G', precision: number): string {
  const shortest = precision < 0;
  if (format === 'f') {
    const decimal = shortest ? shortestDecimal(value) : roundToFraction(value, precision);
    return fixed(decimal, shortest ? Math.max(decimal.digits.length - decimal.point, 0) : precision);
  }
  const exponentMark = format === 'E' || format === 'G' ? 'E' : 'e';
  if (format === 'e' || format === 'E') {
    const decimal = shortest ? shortestDecimal(value) : roundToDigits(value, precision + 1);
    return scientific(decimal, shortest ? Math.max(decimal.digits.length - 1, 0) : precision, exponentMark);
  }
  const significant = precision === 0 ? 1 : precision;
  const decimal = shortest ? shortestDecimal(value) : roundToDigits(value, significant);
  const length = decimal.digits.length;
  const limit = shortest ? 6 : significant > length && length >= decimal.point ? length : significant;
  const exponent = decimal.point - 1;
  return exponent < -4 || exponent >= limit
    ? scientific(decimal, Math.max(length - 1, 0), exponentMark)
    : fixed(decimal, Math.max(length - decimal.point, 0));
}

function fixed({ digits, point }: Decimal, places: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, '0') : '0';
  if (places === 0) return whole;
  const fraction = point > 0 ? digits.slice(point) : '0'.repeat(-point) + digits;
  return `${whole}.${fraction.slice(0, places).padEnd(places, '0')}`;
}

function scientific({ digits, point }: Decimal, places: number, mark: string): string {
  const exponent = digits === '' ? 0 : point - 1;
  const mantissa = (digits[0] ?? '0') + (places > 0 ? `.${digits.slice(1, places + 1).padEnd(places, '0')}` : '');
  return `${mantissa}${mark}${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function shortestDecimal(value: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const [mantissa = '', exponent = '0'] = value.toExponential().split('e');
  return trim(mantissa.replace('.', ''), Number(exponent) + 1);
}

// JavaScript's toFixed and toPrecision round halves up, Go to even: so both go over the exact value.
function roundToFraction(value: number, places: number): Decimal {
  const digits = roundedQuotient(value, places).toString();
  return digits === '0' ? { digits: '', point: 0 } : trim(digits, digits.length - places);
}

function roundToDigits(value: number, count: number): Decimal {
  if (value === 0) return { digits: '', point: 0 };
  const { point } = shortestDecimal(value);
  // The exact value may lie just below the power of ten that the shortest form shows, never a digit further.
  const places = count - point;
  const digits = roundedQuotient(value, places).toString();
  return trim(digits, digits.length - places);
}

// value × 10^places, rounded half to even, from the exact binary value.
function roundedQuotient(value: number, places: number): bigint {
  const { mantissa, exponent } = binaryParts(value);
  const numerator = mantissa * (exponent > 0 ? 2n ** BigInt(exponent) : 1n) * (places > 0 ? 10n ** BigInt(places) : 1n);
  const denominator = (exponent < 0 ? 2n ** BigInt(-exponent) : 1n) * (places < 0 ? 10n ** BigInt(-places) : 1n);
  const quotient = numerator / denominator;
  const twice = (numerator % denominator) * 2n;
  const up = twice > denominator || (twice === denominator && quotient % 2n === 1n);
  return up ? quotient + 1n : quotient;
}

function binaryParts(value: number): { mantissa: bigint; exponent: number } {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const fraction = bits & 0xfffffffffffffn;
  return biased === 0
    ? { mantissa: fraction, exponent: -1074 }
    : { mantissa: fraction | (1n << 52n), exponent: biased - 1075 };
}

function trim(digits: string, point: number): Decimal {
  return { digits: digits.replace(/0+$/, ''), point };
}
