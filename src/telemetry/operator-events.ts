import type { DecisionStatus } from '../api/index.ts';
import type { Logger } from './logger.ts';
import type { ObservedState, OperatorMetrics } from './operator-metrics.ts';

/** Where records go. */
export type RecordSinkName = 'stdout' | 'file' | 'http';

/** What the operator tells people who watch over it: one helper a business event, the same field names everywhere. */
export interface OperatorEvents {
  started(fields: { readonly server: string; readonly namespaces: readonly string[] | 'all' }): void;
  /** /healthz, /readyz and /metrics are served. */
  listening(port: number): void;
  synced(fields: { readonly modelVersions: number; readonly policies: number; readonly seconds: number }): void;
  stopped(): void;
  /** What metrics ask for at each scrape. */
  observe(state: ObservedState): void;
  decided(decision: Pick<DecisionStatus, 'outcome' | 'by' | 'policies'>): void;
  approvalRefused(): void;
  /** Records, each as JSON: what an auditor replays. Resolves when they are written, rejects where they cannot be. */
  recorded(records: readonly string[]): Promise<void>;
  /** These sinks have so many records more: on disk, or at the receiver. */
  recordsKept(sink: RecordSinkName, count: number): void;
  /** No record is lost by it. */
  recordSinkFailed(sink: RecordSinkName, error: unknown, retryInMs?: number): void;
  recordSinkRecovered(sink: RecordSinkName): void;
  /** What waits on disk for the receiver. */
  recordsSpooled(bytes: number): void;
  /** Decisions wait until the receiver has taken some of it. */
  recordSpoolFull(full: boolean, fields: { readonly bytes: number; readonly limitBytes: number }): void;
  reconcileFailed(key: string, error: unknown, retryInMs: number): void;
  policySettled(fields: { readonly policy: string; readonly state: string; readonly digest: string | null }): void;
  /** A policy was stopped again and again on the versions of a namespace, or ends by itself there again. */
  policyQuarantined(fields: {
    readonly policy: string;
    readonly namespace: string;
    readonly quarantined: boolean;
  }): void;
  policyGone(policy: string): void;
  /** A policy's bundle was asked for; what failed is tried again. */
  bundleFetched(policy: string, result: 'fetched' | 'unchanged'): void;
  bundleFailed(policy: string, error: unknown, retryInMs: number): void;
  approvalsVerifiedChanged(verified: boolean, problems: readonly string[]): void;
  connectionProblem(resource: string, error: unknown): void;
  /** Decisions are signed with this key from now on. */
  signingKeyChanged(keyId: string): void;
  /** Decisions go on with the key that is known, and unsigned where none is. */
  signingKeyProblem(error: unknown): void;
  eventDropped(error: unknown): void;
  /** The deployment guard was installed, changed or taken away. */
  deploymentGuardChanged(fields: { readonly installed: boolean; readonly problems: readonly string[] }): void;
  /** A receiver did not take what it was told; null: it never will. */
  notificationFailed(notification: string, message: string, retryInMs: number | null): void;
  notificationDelivered(notification: string): void;
  notificationGone(notification: string): void;
  /** Tekton's CustomRuns are served from now on, or no more. */
  approvalTasksChanged(served: boolean): void;
  /** The deployment guard of a namespace goes by other approvals now. */
  stageApprovalsWritten(fields: {
    readonly namespace: string;
    readonly approved: number;
    readonly omitted: number;
  }): void;
  /** It is guarded no more, or gone. */
  stageApprovalsGone(namespace: string): void;
}

export function createOperatorEvents(log: Logger, metrics: OperatorMetrics): OperatorEvents {
  const policies = new Set<string>();
  /** The namespaces where a policy was ever quarantined, for each of which there is a series. */
  const quarantines = new Map<string, Set<string>>();
  return {
    started: (fields) => log.info(fields, 'operator started'),
    observe: (state) => metrics.observe(state),
    listening: (port) => log.info({ port }, 'health and metrics served'),
    synced: (fields) => log.info(fields, 'caches synced'),
    stopped: () => log.info('operator stopped'),
    recorded: (records) => log.record(records),
    recordsKept: (sink, count) => metrics.records.inc({ sink }, count),
    recordSinkFailed: (sink, err, retryInMs) => {
      metrics.recordSinkFailures.inc({ sink });
      const fields = { sink, err, ...(retryInMs === undefined ? {} : { retryInMs: Math.round(retryInMs) }) };
      if (hasCode(err, 'refused', 'too-large')) log.error(fields, 'records are refused');
      else log.warn(fields, 'record sink failed');
    },
    recordSinkRecovered: (sink) => log.info({ sink }, 'record sink takes records again'),
    recordsSpooled: (bytes) => metrics.recordsSpooledBytes.set(bytes),
    recordSpoolFull: (full, fields) => {
      metrics.recordSpoolFull.set(full ? 1 : 0);
      if (full) log.error(fields, 'record spool is full: decisions wait');
      else log.info(fields, 'record spool has room again');
    },
    decided({ outcome, by, policies }) {
      metrics.decisions.inc({ outcome, by });
      for (const { name: policy, evaluationMicroseconds } of policies)
        metrics.evaluationSeconds.observe({ policy }, evaluationMicroseconds / 1_000_000);
    },
    approvalRefused: () => metrics.refusedApprovals.inc(),
    reconcileFailed: (key, err, retryInMs) => {
      const fields = { key, err, retryInMs: Math.round(retryInMs) };
      // Somebody else wrote first: the ordinary way of optimistic locking, and no fault.
      if (hasCode(err, 'conflict')) {
        log.debug(fields, 'reconcile met a newer state');
        return;
      }
      metrics.reconcileFailures.inc();
      log.warn(fields, 'reconcile failed');
    },
    policySettled: (fields) => {
      policies.add(fields.policy);
      metrics.policyReady.set({ policy: fields.policy }, fields.state === 'compiled' ? 1 : 0);
      log.info(fields, 'policy settled');
    },
    policyQuarantined: ({ policy, namespace, quarantined }) => {
      quarantines.set(policy, (quarantines.get(policy) ?? new Set()).add(namespace));
      metrics.policyQuarantined.set({ policy, namespace }, quarantined ? 1 : 0);
      if (quarantined) log.warn({ policy, namespace }, 'policy quarantined');
      else log.info({ policy, namespace }, 'policy released from quarantine');
    },
    bundleFetched: (policy, result) => {
      metrics.bundleFetches.inc({ result });
      if (result === 'fetched') log.info({ policy }, 'bundle fetched');
      else log.debug({ policy }, 'bundle unchanged');
    },
    bundleFailed: (policy, err, retryInMs) => {
      metrics.bundleFetches.inc({ result: 'failed' });
      log.warn({ policy, err, retryInMs: Math.round(retryInMs) }, 'bundle refused or not fetched');
    },
    policyGone: (policy) => {
      metrics.policyReady.remove({ policy });
      for (const namespace of quarantines.get(policy) ?? []) metrics.policyQuarantined.remove({ policy, namespace });
      quarantines.delete(policy);
      policies.delete(policy);
      const name = nameInDecisions(policy);
      if (![...policies].some((other) => nameInDecisions(other) === name))
        metrics.evaluationSeconds.remove({ policy: name });
    },
    approvalsVerifiedChanged: (verified, problems) => {
      metrics.approvalsVerified.set(verified ? 1 : 0);
      if (verified) log.info({ verified }, 'admission policies in force');
      else log.warn({ verified, problems }, 'approvals are not honoured');
    },
    connectionProblem: (resource, err) => {
      metrics.watchInterruptions.inc({ resource });
      log.warn({ resource, err }, 'watch interrupted');
    },
    signingKeyChanged: (keyId) => log.info({ keyId }, 'signing key in use'),
    signingKeyProblem: (err) => log.warn({ err }, 'signing key cannot be read'),
    eventDropped: (err) => {
      metrics.eventsDropped.inc();
      log.debug({ err }, 'event dropped');
    },
    deploymentGuardChanged: (fields) => {
      metrics.guardInstalled.set(fields.installed ? 1 : 0);
      if (fields.problems.length === 0) log.info(fields, 'deployment guard changed');
      else log.warn(fields, 'deployment guard lets more through than it was built to');
    },
    notificationFailed: (notification, message, retryInMs) => {
      metrics.notifications.inc({ notification, result: retryInMs === null ? 'given-up' : 'failed' });
      log.warn(
        { notification, message, ...(retryInMs === null ? {} : { retryInMs: Math.round(retryInMs) }) },
        'notification failed',
      );
    },
    notificationDelivered: (notification) => metrics.notifications.inc({ notification, result: 'delivered' }),
    notificationGone: (notification) => {
      for (const result of NOTIFICATION_RESULTS) metrics.notifications.remove({ notification, result });
    },
    approvalTasksChanged: (served) => log.info({ served }, 'approval tasks of Tekton'),
    stageApprovalsWritten: (fields) => {
      const { namespace, omitted } = fields;
      metrics.stageApprovalsWrites.inc({ namespace });
      metrics.stageApprovalsOmitted.set({ namespace }, omitted);
      if (omitted === 0) log.info(fields, 'stage approvals written');
      else log.warn(fields, 'stage approvals written, and not all fit');
    },
    stageApprovalsGone: (namespace) => {
      metrics.stageApprovalsWrites.remove({ namespace });
      metrics.stageApprovalsOmitted.remove({ namespace });
    },
  };
}

const NOTIFICATION_RESULTS = ['delivered', 'failed', 'given-up'] as const;

/** A decision names the policies of its own namespace without it. */
function nameInDecisions(policy: string): string {
  return `${policy.slice(0, policy.indexOf('/'))}${policy.slice(policy.lastIndexOf('/'))}`;
}

function hasCode(error: unknown, ...codes: readonly string[]): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && codes.some((code) => code === error.code);
}
