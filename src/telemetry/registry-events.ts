import type { Logger } from './logger.ts';
import type { OperatorMetrics } from './operator-metrics.ts';

interface NamedVersion {
  readonly model: string;
  readonly version: string;
}

/** What is told of model registries: one helper a business event. A registry is named NAMESPACE/NAME. */
export interface RegistryEvents {
  /** Webhooks are received. */
  listening(port: number): void;
  compared(
    registry: string,
    fields: {
      readonly versions: number;
      readonly imported: number;
      readonly drifted: readonly unknown[];
      readonly seconds: number;
    },
  ): void;
  exported(registry: string, fields: NamedVersion & { readonly stage: string }): void;
  /** The registry does not have the version any more. */
  absent(registry: string, fields: NamedVersion): void;
  drifted(
    registry: string,
    fields: NamedVersion & {
      readonly key: string;
      readonly found: string;
      readonly decided: string;
      readonly reverted: boolean;
    },
  ): void;
  /** It refuses, or does not answer: it is left alone for a while. */
  refused(registry: string, error: unknown): void;
  recovered(registry: string): void;
  /** It is tried again. */
  failed(registry: string, what: string, error: unknown, retryInMs: number): void;
  /** A webhook that nobody can vouch for. */
  webhookRefused(registry: string, reason: string): void;
  /** The ModelRegistry was deleted. */
  gone(registry: string): void;
}

export function createRegistryEvents(log: Logger, metrics: OperatorMetrics): RegistryEvents {
  return {
    listening: (port) => log.info({ port }, 'webhooks received'),
    compared: (registry, { versions, imported, drifted, seconds }) => {
      metrics.registryAnswers.set({ registry }, 1);
      metrics.registryVersions.set({ registry }, versions);
      metrics.registryComparedAt.setToCurrentTime({ registry });
      metrics.registryDrifted.set({ registry }, drifted.length);
      metrics.registryImports.inc({ registry }, imported);
      const fields = { registry, versions, imported, drifted: drifted.length, seconds };
      if (imported > 0 || drifted.length > 0) log.info(fields, 'registry compared');
      else log.debug(fields, 'registry compared');
    },
    exported: (registry, fields) => {
      metrics.registryExports.inc({ registry });
      log.info({ registry, ...fields }, 'decision exported');
    },
    absent: (registry, fields) => log.warn({ registry, ...fields }, 'version is not in the registry'),
    drifted: (registry, fields) => log.warn({ registry, ...fields }, 'registry drifted'),
    refused: (registry, err) => {
      metrics.registryAnswers.set({ registry }, 0);
      log.warn({ registry, err }, 'registry refuses or does not answer');
    },
    recovered: (registry) => {
      metrics.registryAnswers.set({ registry }, 1);
      log.info({ registry }, 'registry answers again');
    },
    failed: (registry, what, err, retryInMs) => {
      metrics.registryFailures.inc({ registry });
      log.warn({ registry, what, err, retryInMs: Math.round(retryInMs) }, 'registry sync failed');
    },
    webhookRefused: (registry, reason) => {
      metrics.webhooksRefused.inc({ registry });
      log.warn({ registry, reason }, 'webhook refused');
    },
    gone: (registry) => {
      for (const metric of [
        ...[metrics.registryAnswers, metrics.registryVersions, metrics.registryComparedAt, metrics.registryDrifted],
        ...[metrics.registryImports, metrics.registryExports, metrics.registryFailures, metrics.webhooksRefused],
      ])
        metric.remove({ registry });
    },
  };
}
