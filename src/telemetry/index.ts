export { startHealthServer } from './health-server.ts';
export { createLogger, LOG_LEVELS, type Logger, type LogLevel } from './logger.ts';
export { createOperatorEvents, type OperatorEvents } from './operator-events.ts';
