import { destination, type Logger as PinoLogger, pino } from 'pino';

/** Messages are constant; what varies is a field. */
export interface Logger extends Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> {
  /** A line at level info, written at every level but silent: who wants fewer lines shall not lose records. */
  record(record: unknown): void;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface LoggerOptions {
  readonly level: LogLevel;
  /** A file descriptor; 1 is standard output. */
  readonly fd?: number;
}

/** JSON lines, each with an RFC 3339 `time`; an `err` field carries message, code, stack and cause. */
export function createLogger({ level, fd = 1 }: LoggerOptions): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  const log = pino(options, destination({ dest: fd, sync: true }));
  const records = log.child({}, { level: level === 'silent' ? 'silent' : 'info' });
  return Object.assign(log, { record: (record: unknown) => records.info({ record }, 'record') });
}
