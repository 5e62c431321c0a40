import type { Logger } from './logger.ts';

/** What is told of the gateway before MLflow: one helper a business event. */
export interface GatewayEvents {
  listening(host: string, port: number): void;
  /** A gated call that MLflow answered. */
  passed(call: string, status: number): void;
  /** A gated call that it was not asked. */
  refused(call: string, code: string, error: unknown): void;
}

export function createGatewayEvents(log: Logger): GatewayEvents {
  return {
    listening: (host, port) => log.info({ host, port }, 'gateway listening'),
    passed: (call, status) => log.info({ call, status }, 'gated call answered by MLflow'),
    refused: (call, code, err) =>
      code === 'INTERNAL_ERROR' || code === 'TEMPORARILY_UNAVAILABLE'
        ? log.error({ call, code, err }, 'gated call refused')
        : log.info({ call, code, reason: err instanceof Error ? err.message : '' }, 'gated call refused'),
  };
}
