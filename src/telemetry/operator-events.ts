import type { Logger } from './logger.ts';

/** What the operator tells people who watch over it: one helper a business event, the same field names everywhere. */
export interface OperatorEvents {
  started(fields: { readonly server: string; readonly namespaces: readonly string[] | 'all' }): void;
  synced(fields: { readonly modelVersions: number; readonly policies: number; readonly seconds: number }): void;
  stopped(): void;
  /** One line of the record: what an auditor replays. */
  recorded(record: { readonly id: string }): void;
  reconcileFailed(key: string, error: unknown, retryInMs: number): void;
  policySettled(fields: { readonly policy: string; readonly state: string; readonly digest: string | null }): void;
  approvalsVerifiedChanged(verified: boolean, problems: readonly string[]): void;
  connectionProblem(resource: string, error: unknown): void;
  /** Decisions are signed with this key from now on. */
  signingKeyChanged(keyId: string): void;
  /** Decisions go on with the key that is known, and unsigned where none is. */
  signingKeyProblem(error: unknown): void;
  eventDropped(error: unknown): void;
}

export function createOperatorEvents(log: Logger): OperatorEvents {
  return {
    started: (fields) => log.info(fields, 'operator started'),
    synced: (fields) => log.info(fields, 'caches synced'),
    stopped: () => log.info('operator stopped'),
    recorded: (record) => log.info({ record }, 'record'),
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
    signingKeyChanged: (keyId) => log.info({ keyId }, 'signing key in use'),
    signingKeyProblem: (err) => log.warn({ err }, 'signing key cannot be read'),
    eventDropped: (err) => log.debug({ err }, 'event dropped'),
  };
}

function isConflict(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'conflict';
}
