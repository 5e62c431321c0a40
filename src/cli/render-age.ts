const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Below `limit`, in a unit, and with the rest in a smaller one: as kubectl tells ages (HumanDuration of apimachinery). */
const STEPS: readonly { limit: number; unit: [number, string]; rest?: [number, string] }[] = [
  { limit: 2 * MINUTE, unit: [SECOND, 's'] },
  { limit: 10 * MINUTE, unit: [MINUTE, 'm'], rest: [SECOND, 's'] },
  { limit: 3 * HOUR, unit: [MINUTE, 'm'] },
  { limit: 8 * HOUR, unit: [HOUR, 'h'], rest: [MINUTE, 'm'] },
  { limit: 2 * DAY, unit: [HOUR, 'h'] },
  { limit: 8 * DAY, unit: [DAY, 'd'], rest: [HOUR, 'h'] },
  { limit: 2 * YEAR, unit: [DAY, 'd'] },
  { limit: 8 * YEAR, unit: [YEAR, 'y'], rest: [DAY, 'd'] },
  { limit: Number.POSITIVE_INFINITY, unit: [YEAR, 'y'] },
];

/**
 * @param since RFC 3339
 * @param nowMs milliseconds since 1970
 * @returns such as `5m3s` or `4d`; `<unknown>` where `since` is no time
 */
export function renderAge(since: string | undefined, nowMs: number): string {
  const age = Math.max(0, nowMs - Date.parse(since ?? ''));
  const step = STEPS.find(({ limit }) => age < limit);
  if (!step) return '<unknown>';
  const [size, letter] = step.unit;
  const [restSize, restLetter] = step.rest ?? [1, ''];
  const rest = Math.floor((age % size) / restSize);
  return `${Math.floor(age / size)}${letter}${step.rest && rest > 0 ? `${rest}${restLetter}` : ''}`;
}
