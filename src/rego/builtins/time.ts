import type { RegoValue } from '../rego-value.ts';
import type { BuiltinTable } from './builtin.ts';
import { parseDuration } from './go-duration.ts';
import { arrayOperand, integerOperand, stringOperand } from './operands.ts';

/** Times are integers of nanoseconds since 1970, or `[nanoseconds, time zone]`. The present is `input.now`. */
export const timeBuiltins: BuiltinTable = {
  'time.parse_rfc3339_ns': (text) => parseRfc3339(stringOperand(text)),
  'time.parse_duration_ns': (text) => parseDuration(stringOperand(text)),
  'time.date': (time) => {
    const { year, month, day } = toLocal(readTime(time));
    return [year, month, day].map(BigInt);
  },
  'time.clock': (time) => {
    const { hour, minute, second } = toLocal(readTime(time));
    return [hour, minute, second].map(BigInt);
  },
  'time.weekday': (time) => weekdays[new Date(toLocal(readTime(time)).asUtcMs).getUTCDay()],
  'time.diff': (one, other) => difference(readTime(one), readTime(other)).map(BigInt),
  'time.add_date': (time, years, months, days) =>
    addDate(readTime(time), [integerOperand(years), integerOperand(months), integerOperand(days)]),
};

const weekdays = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const nanosecondsPerMs = 1_000_000n;
const nanosecondsPerSecond = 1_000_000_000n;

interface ZonedTime {
  nanoseconds: bigint;
  zone: string;
}

interface LocalTime {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
  second: number;
  /** The moment at which UTC shows what the zone shows at this time. */
  asUtcMs: number;
}

function readTime(value: RegoValue | undefined): ZonedTime {
  if (typeof value === 'bigint') return { nanoseconds: checkRange(value), zone: 'UTC' };
  const [nanoseconds, zone = 'UTC'] = arrayOperand(value);
  const name = stringOperand(zone);
  // The zone of the machine that evaluates is none of a decision's business.
  if (name === 'Local') throw new RangeError('the time zone Local is not implemented');
  return { nanoseconds: checkRange(integerOperand(nanoseconds)), zone: name || 'UTC' };
}

function checkRange(nanoseconds: bigint): bigint {
  if (BigInt.asIntN(64, nanoseconds) !== nanoseconds) throw new RangeError('time outside of valid range');
  return nanoseconds;
}

const rfc3339 = /^(\d{4})-(\d{2})-(\d{2})T(\d{1,2}):(\d{2}):(\d{2})(?:[.,](\d+))?(?:Z|([+-])(\d{2}):(\d{2}))$/;

/** @returns nanoseconds since 1970, undefined where the text is none. Throws where they need more than 64 bits. */
export function parseRfc3339(text: string): bigint | undefined {
  const match = rfc3339.exec(text);
  if (!match) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = match.slice(1, 7).map(Number);
  const [fraction = '', sign = '+', offsetHours = '0', offsetMinutes = '0'] = match.slice(7);
  const daysInMonth = new Date(utcMs(year, month, 1, 0, 0, 0)).getUTCMonth() === month - 1 ? lastDay(year, month) : 0;
  if (day < 1 || day > daysInMonth || hour > 23 || minute > 59 || second > 59) return undefined;
  if (Number(offsetHours) > 24 || Number(offsetMinutes) > 60) return undefined;
  const offsetMs = (Number(offsetHours) * 60 + Number(offsetMinutes)) * 60_000 * (sign === '-' ? -1 : 1);
  const wholeMs = BigInt(utcMs(year, month, day, hour, minute, second) - offsetMs);
  return checkRange(wholeMs * nanosecondsPerMs + BigInt(fraction.slice(0, 9).padEnd(9, '0')));
}

function addDate({ nanoseconds, zone }: ZonedTime, change: readonly bigint[]): bigint {
  const local = toLocal({ nanoseconds, zone });
  const [years = 0, months = 0, days = 0] = change.map(Number);
  const { hour, minute, second } = local;
  const asUtcMs = utcMs(local.year + years, local.month + months, local.day + days, hour, minute, second);
  if (!Number.isSafeInteger(asUtcMs)) throw new RangeError('time outside of valid range');
  // Where a clock change makes the local time ambiguous or leaves it out, Go goes by the offset that this gives.
  const guessed = offsetMs(asUtcMs, zone);
  const offset = guessed === 0 ? 0 : offsetMs(asUtcMs - guessed, zone);
  const belowSecond = modulo(nanoseconds, nanosecondsPerSecond);
  return checkRange(BigInt(asUtcMs - offset) * nanosecondsPerMs + belowSecond);
}

// Years, months, days, hours, minutes and seconds between two times, by the calendar of the first one's zone.
function difference(first: ZonedTime, second: ZonedTime): number[] {
  const [earlier, later] = [first.nanoseconds, second.nanoseconds].sort((a, b) => (a < b ? -1 : 1));
  const one = toLocal({ nanoseconds: earlier ?? 0n, zone: first.zone });
  const other = toLocal({ nanoseconds: later ?? 0n, zone: first.zone });
  const months = other.month - one.month;
  const result = [other.year - one.year, months, other.day - one.day];
  let [years = 0, month = 0, days = 0] = result;
  let [hours, minutes, seconds] = [other.hour - one.hour, other.minute - one.minute, other.second - one.second];
  if (seconds < 0) [seconds, minutes] = [seconds + 60, minutes - 1];
  if (minutes < 0) [minutes, hours] = [minutes + 60, hours - 1];
  if (hours < 0) [hours, days] = [hours + 24, days - 1];
  if (days < 0) [days, month] = [days + lastDay(one.year, one.month), month - 1];
  if (month < 0) [month, years] = [month + 12, years - 1];
  return [years, month, days, hours, minutes, seconds];
}

function toLocal({ nanoseconds, zone }: ZonedTime): LocalTime {
  const instantMs = Number((nanoseconds - modulo(nanoseconds, nanosecondsPerSecond)) / nanosecondsPerMs);
  const asUtcMs = instantMs + offsetMs(instantMs, zone);
  const local = new Date(asUtcMs);
  return {
    year: local.getUTCFullYear(),
    month: local.getUTCMonth() + 1,
    day: local.getUTCDate(),
    hour: local.getUTCHours(),
    minute: local.getUTCMinutes(),
    second: local.getUTCSeconds(),
    asUtcMs,
  };
}

function offsetMs(instantMs: number, zone: string): number {
  if (zone === 'UTC') return 0;
  const parts = formatterOf(zone).formatToParts(instantMs);
  const read = (type: Intl.DateTimeFormatPartTypes) => Number(parts.find((part) => part.type === type)?.value);
  const local = utcMs(read('year'), read('month'), read('day'), read('hour'), read('minute'), read('second'));
  return local - instantMs;
}

/** By zone: to make one takes a hundred times as long as to use it. Full, it starts anew. */
const formatters = new Map<string, Intl.DateTimeFormat>();
const mostFormatters = 64;

function formatterOf(zone: string): Intl.DateTimeFormat {
  const known = formatters.get(zone);
  if (known) return known;
  const formatter = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    calendar: 'iso8601',
    era: 'short',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
    second: 'numeric',
    hourCycle: 'h23',
  });
  if (formatters.size >= mostFormatters) formatters.clear();
  formatters.set(zone, formatter);
  return formatter;
}

// Date.UTC takes years below 100 for those of the twentieth century.
function utcMs(year: number, month: number, day: number, hour: number, minute: number, second: number): number {
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.setUTCHours(hour, minute, second, 0);
}

function lastDay(year: number, month: number): number {
  return new Date(utcMs(year, month + 1, 0, 0, 0, 0)).getUTCDate();
}

function modulo(value: bigint, by: bigint): bigint {
  return ((value % by) + by) % by;
}
