export { startHealthServer } from './health-server.ts';
export { createLogger, type Logger, type LogLevel } from './logger.ts';
export { createOperatorEvents, type OperatorEvents } from './operator-events.ts';
export { createOperatorMetrics } from './operator-metrics.ts';
