import type { Logger } from './logger.ts';

/** What the operator tells people who watch over it: one helper a business event, the same field names everywhere. */
export interface OperatorEvents {
  started(fields: { readonly server: string; readonly namespaces: readonly string[] | 'all' }): void;
  synced(fields: { readonly modelVersions: number; readonly policies: number; readonly seconds: number }): void;
  stopped(): void;
  /** The decision record itself: what an auditor replays. */
  decided(record: { readonly id: string }): void;
  reconcileFailed(key: string, error: unknown, retryInMs: number): void;
  policySettled(fields: { readonly policy: string; readonly state: string; readonly digest: string | null }): void;
  approvalsVerifiedChanged(verified: boolean, problems: readonly string[]): void;
  connectionProblem(resource: string, error: unknown): void;
  eventDropped(error: unknown): void;
}

export function createOperatorEvents(log: Logger): OperatorEvents {
  return {
    started: (fields) => log.info(fields, 'operator started'),
    synced: (fields) => log.info(fields, 'caches synced'),
    stopped: () => log.info('operator stopped'),
    decided: (record) => log.info({ record }, 'decision'),
    reconcileFailed: (key, err, retryInMs) => {
      const fields = { key, err, retryInMs: Math.round(retryInMs) };
      // Somebody else wrote first: the ordinary way of optimistic locking, and no fault.
      if (isConflict(err)) log.debug(fields, 'reconcile met a newer state');
      else log.warn(fields, 'reconcile failed');
    },
    policySettled: (fields) => log.info(fields, 'policy settled'),
    approvalsVerifiedChanged: (verified, problems) =>
      verified
        ? log.info({ verified }, 'admission policies in force')
        : log.warn({ verified, problems }, 'approvals are not honoured'),
    connectionProblem: (resource, err) => log.warn({ resource, err }, 'watch interrupted'),
    eventDropped: (err) => log.debug({ err }, 'event dropped'),
  };
}

function isConflict(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'conflict';
}
