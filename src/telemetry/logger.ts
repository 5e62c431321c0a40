import { destination, type Logger as PinoLogger, pino } from 'pino';

/** Messages are constant; what varies is a field. */
export type Logger = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'>;

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface LoggerOptions {
  readonly level: LogLevel;
  /** A file descriptor; 1 is standard output. */
  readonly fd?: number;
}

/** JSON lines, each with an RFC 3339 `time`; an `err` field carries message, code, stack and cause. */
export function createLogger({ level, fd = 1 }: LoggerOptions): Logger {
  const options = { level, base: null, timestamp: () => `,"time":"${new Date().toISOString()}"` };
  return pino(options, destination({ dest: fd, sync: true }));
}
