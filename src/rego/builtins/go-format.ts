import { encodeBytes } from '../rego-bytes.ts';
import { formatFloat } from './go-float.ts';
import { isPrintable, quote, quoteCharacter } from './go-quote.ts';

/** What OPA hands to Go's fmt.Sprintf: an int64 or a big.Int (bigint), a float64 (number), or a string. */
export type FormatArgument = bigint | number | string;

interface Flags {
  sharp: boolean;
  zero: boolean;
  plus: boolean;
  minus: boolean;
  space: boolean;
  /** `%#v`, which moves the flag from `sharp` here. */
  sharpV: boolean;
  width: number | null;
  precision: number | null;
}

/** Go refuses widths and precisions beyond this. */
const maximumWidth = 1_000_000;
/** More than any message; a format cannot be made to fill the worker's memory. */
const maximumLength = 4 * 1024 * 1024;

/** Go's fmt.Sprintf for the arguments that Rego has, its error texts such as `%!d(string=x)` included. */
export function goSprintf(format: string, values: readonly FormatArgument[]): string {
  let written = '';
  let at = 0;
  let argument = 0;
  let reordered = false;
  let goodIndex = true;

  const write = (text: string) => {
    written += text;
    if (written.length > maximumLength) throw new RangeError('the formatted text is too long');
  };
  const readNumber = (): number | null => {
    const number = /\d+/y;
    number.lastIndex = at;
    const [digits] = number.exec(format) ?? [];
    if (digits === undefined) return null;
    at += digits.length;
    // Go stops reading where a number becomes too large, and takes what is left for a verb.
    if (Number(digits) > maximumWidth) throw new RangeError('width or precision is too large');
    return Number(digits);
  };
  // An explicit index such as [2]: true where one was read.
  const readIndex = (): boolean => {
    if (format[at] !== '[') return false;
    reordered = true;
    const [whole, digits] = /^\[(\d+)\]/.exec(format.slice(at)) ?? [];
    const index = Number(digits) - 1;
    const end = format.indexOf(']', at);
    const readable = whole !== undefined;
    at = end < 0 ? at + 1 : end + 1;
    if (readable && index >= 0 && index < values.length) {
      argument = index;
      return true;
    }
    goodIndex = false;
    return readable;
  };
  const takeInteger = (): number | null => {
    const value = values[argument];
    if (argument < values.length) argument++;
    return typeof value === 'bigint' && value <= maximumWidth && value >= -maximumWidth ? Number(value) : null;
  };

  while (at < format.length) {
    const next = format.indexOf('%', at);
    write(format.slice(at, next < 0 ? format.length : next));
    if (next < 0) break;
    at = next + 1;
    goodIndex = true;
    const flags = readFlags(format, at);
    at += flags.length;
    let afterIndex = readIndex();
    if (format[at] === '*') {
      at++;
      flags.width = takeInteger();
      if (flags.width === null) write('%!(BADWIDTH)');
      else if (flags.width < 0) Object.assign(flags, { width: -flags.width, minus: true, zero: false });
      afterIndex = false;
    } else {
      flags.width = readNumber();
      if (afterIndex && flags.width !== null) goodIndex = false;
    }
    if (format[at] === '.' && at + 1 < format.length) {
      at++;
      if (afterIndex) goodIndex = false;
      afterIndex = readIndex();
      if (format[at] === '*') {
        at++;
        const precision = takeInteger();
        flags.precision = precision !== null && precision >= 0 ? precision : null;
        if (flags.precision === null) write('%!(BADPREC)');
        afterIndex = false;
      } else flags.precision = readNumber() ?? 0;
    }
    if (!afterIndex) readIndex();
    const code = format.codePointAt(at);
    if (code === undefined) {
      write('%!(NOVERB)');
      break;
    }
    const verb = String.fromCodePoint(code);
    at += verb.length;
    const value = values[argument];
    if (verb === '%') write('%');
    else if (!goodIndex) write(`%!${verb}(BADINDEX)`);
    else if (value === undefined) write(`%!${verb}(MISSING)`);
    else {
      argument++;
      const moved = verb === 'v' ? { ...flags, sharpV: flags.sharp, sharp: false, plus: false } : flags;
      write(formatArgument(value, verb, moved));
    }
  }
  if (!reordered && argument < values.length) {
    const extra = values.slice(argument).map((value) => `${typeOf(value)}=${formatArgument(value, 'v', noFlags)}`);
    write(`%!(EXTRA ${extra.join(', ')})`);
  }
  return written;
}

const noFlags: Flags = {
  sharp: false,
  zero: false,
  plus: false,
  minus: false,
  space: false,
  sharpV: false,
  width: null,
  precision: null,
};

function readFlags(format: string, start: number): Flags & { length: number } {
  const [read = ''] = /^[#0+\- ]*/.exec(format.slice(start, start + 64)) ?? [];
  return {
    ...noFlags,
    length: read.length,
    sharp: read.includes('#'),
    zero: read.includes('0'),
    plus: read.includes('+'),
    minus: read.includes('-'),
    space: read.includes(' '),
  };
}

function formatArgument(value: FormatArgument, verb: string, flags: Flags): string {
  if (verb === 'T') return formatText(typeOf(value), 's', flags) ?? '';
  const formatted =
    typeof value === 'string'
      ? formatText(value, verb, flags)
      : typeof value === 'number'
        ? formatNumber(value, verb, flags)
        : isInt64(value)
          ? formatInteger(value, verb, flags)
          : formatBigInteger(value, verb, flags);
  if (formatted !== null) return formatted;
  if (typeOf(value) === '*big.Int') return `%!${verb}(big.Int=${value})`;
  return `%!${verb}(${typeOf(value)}=${formatArgument(value, 'v', flags)})`;
}

function typeOf(value: FormatArgument): string {
  if (typeof value === 'string') return 'string';
  if (typeof value === 'number') return 'float64';
  return isInt64(value) ? 'int64' : '*big.Int';
}

function isInt64(value: bigint): boolean {
  return BigInt.asIntN(64, value) === value;
}

function pad(text: string, { width, minus, zero }: Pick<Flags, 'width' | 'minus' | 'zero'>): string {
  const missing = (width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  return minus ? text + ' '.repeat(missing) : (zero ? '0' : ' ').repeat(missing) + text;
}

function formatText(text: string, verb: string, flags: Flags): string | null {
  const { precision } = flags;
  const shown = precision === null ? text : [...text].slice(0, precision).join('');
  if (verb === 's' || (verb === 'v' && !flags.sharpV)) return pad(shown, flags);
  if (verb === 'q' || verb === 'v') {
    const raw = flags.sharp && [...shown].every(isRaw);
    return pad(raw ? `\`${shown}\`` : quote(shown, flags.plus), flags);
  }
  if (verb !== 'x' && verb !== 'X') return null;
  const bytes = [...encodeBytes(text)].slice(0, precision ?? undefined);
  const prefix = flags.sharp && bytes.length > 0 ? `0${verb}` : '';
  const pairs = bytes.map((byte) => byte.toString(16).padStart(2, '0'));
  const digits = pairs.join(flags.space ? ` ${prefix}` : '');
  return pad(prefix + (verb === 'X' ? digits.toUpperCase() : digits), flags);
}

// What Go may write between back quotes.
function isRaw(rune: string): boolean {
  return rune === '\t' || (rune >= ' ' && !['`', '\u007f', '\ufeff'].includes(rune));
}

function formatNumber(value: number, verb: string, flags: Flags): string | null {
  const format = verb === 'v' ? 'g' : verb === 'F' ? 'f' : verb;
  if (format !== 'e' && format !== 'E' && format !== 'f' && format !== 'g' && format !== 'G') return null;
  const defaultPrecision = format === 'g' || format === 'G' ? -1 : 6;
  const text = formatFloat(value, format, flags.precision ?? defaultPrecision);
  const unsigned = text.replace(/^-/, '');
  const magnitude = flags.sharp ? keepZeros(unsigned, format, flags.precision) : unsigned;
  return padNumber(text.startsWith('-') ? '-' : flags.plus ? '+' : flags.space ? ' ' : '', magnitude, flags);
}

// The # flag: always a point, and for %g as many digits as the precision says.
function keepZeros(magnitude: string, format: string, precision: number | null): string {
  if (!/^\d/.test(magnitude)) return magnitude;
  const [digits = '', exponent = ''] = magnitude.split(/(?=[eE])/);
  const pointed = digits.includes('.') ? digits : `${digits}.`;
  if (format !== 'g' && format !== 'G') return pointed + exponent;
  // Zeros before the first other digit do not count, but for one that is all.
  const significant = digits.replace('.', '').replace(/^0+/, '').length || (digits === '0' ? 1 : 0);
  return pointed + '0'.repeat(Math.max(0, (precision ?? 6) - significant)) + exponent;
}

// A zero flag pads between sign and digits.
function padNumber(sign: string, magnitude: string, flags: Flags): string {
  if (!flags.zero || flags.minus) return pad(sign + magnitude, { ...flags, zero: false });
  return sign + pad(magnitude, { ...flags, width: (flags.width ?? 0) - sign.length });
}

const bases: Readonly<Record<string, number>> = { d: 10, v: 10, s: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function formatInteger(value: bigint, verb: string, flags: Flags): string | null {
  if (verb === 'c') return pad(toRune(value), flags);
  if (verb === 'q') return pad(quoteCharacter(toRune(value), flags.plus), flags);
  if (verb === 'U') return formatUnicode(value, flags);
  return verb === 's' ? null : formatBigInteger(value, verb, flags);
}

function formatBigInteger(value: bigint, verb: string, flags: Flags): string | null {
  const base = bases[verb];
  if (base === undefined) return null;
  const { precision, width } = flags;
  if (precision === 0 && value === 0n) return isInt64(value) ? ' '.repeat(width ?? 0) : '';
  const sign = value < 0n ? '-' : flags.plus ? '+' : flags.space ? ' ' : '';
  let digits = (value < 0n ? -value : value).toString(base);
  const zeroPadded = flags.zero && !flags.minus && precision === null ? (width ?? 0) - sign.length : 0;
  digits = digits.padStart(precision ?? zeroPadded, '0');
  const octal = flags.sharp && base === 8 && !digits.startsWith('0') ? '0' : '';
  const prefix = flags.sharp && base === 2 ? '0b' : flags.sharp && base === 16 ? `0${verb}` : octal;
  const text = sign + (verb === 'O' ? '0o' : '') + prefix + (verb === 'X' ? digits.toUpperCase() : digits);
  return pad(text, { ...flags, zero: false });
}

function toRune(value: bigint): string {
  const valid = value >= 0n && value <= 0x10ffffn && !(value >= 0xd800n && value <= 0xdfffn);
  return valid ? String.fromCodePoint(Number(value)) : '\ufffd';
}

function formatUnicode(value: bigint, flags: Flags): string {
  const code = BigInt.asUintN(64, value);
  const digits = code
    .toString(16)
    .toUpperCase()
    .padStart(Math.max(4, flags.precision ?? 0), '0');
  const rune = toRune(code);
  const shown = flags.sharp && code <= 0x10ffffn && isPrintable(rune) ? ` '${rune}'` : '';
  return pad(`U+${digits}${shown}`, { ...flags, zero: false });
}
