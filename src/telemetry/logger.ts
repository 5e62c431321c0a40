import { levels, type Logger as PinoLogger, pino } from 'pino';
import { createLineOutput } from './line-output.ts';

/** Messages are constant; what varies is a field. */
export interface Logger extends Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error'> {
  /**
   * Records, each as JSON, become lines at level info, written at every level but silent: who wants fewer lines shall not
   * lose records. Resolves when they have left this process.
   *
   * @throws what the system says where they cannot
   */
  record(records: readonly string[]): Promise<void>;
  /** Resolves when no line waits to be written. */
  idle(): Promise<void>;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

interface LoggerOptions {
  readonly level: LogLevel;
  /** A file descriptor; 1 is standard output. */
  readonly fd?: number;
}

/** JSON lines, each with an RFC 3339 `time`; an `err` field carries message, code, stack and cause. */
export function createLogger({ level, fd = 1 }: LoggerOptions): Logger {
  const timestamp = () => `,"time":"${new Date().toISOString()}"`;
  const output = createLineOutput(fd);
  const record = async (records: readonly string[]): Promise<void> => {
    if (level === 'silent') return;
    // The lines that pino would write, had it to render the records too.
    const { info } = levels.values;
    const head = `{"level":${info}${timestamp()},"record":`;
    await output.deliver(records.map((json) => `${head}${json},"msg":"record"}\n`).join(''));
  };
  return Object.assign(pino({ level, base: null, timestamp }, output), { record, idle: output.idle });
}
