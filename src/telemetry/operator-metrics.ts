import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';

/** What is counted when somebody asks. */
export interface ObservedState {
  readonly modelVersions: () => number;
  /** Decisions that stand and would not be made again. */
  readonly notCompliant: () => number;
  readonly queueLength: () => number;
}

/** What Prometheus scrapes. The names are part of the public surface: docs/reference.md lists them. */
export interface OperatorMetrics {
  readonly decisions: Counter<'outcome' | 'by'>;
  readonly refusedApprovals: Counter;
  readonly approvalsVerified: Gauge;
  readonly policyReady: Gauge<'policy'>;
  readonly policyQuarantined: Gauge<'policy' | 'namespace'>;
  readonly bundleFetches: Counter<'result'>;
  readonly evaluationSeconds: Histogram<'policy'>;
  readonly reconcileFailures: Counter;
  readonly watchInterruptions: Counter<'resource'>;
  readonly eventsDropped: Counter;
  readonly records: Counter<'sink'>;
  readonly recordSinkFailures: Counter<'sink'>;
  readonly recordsSpooledBytes: Gauge;
  readonly recordSpoolFull: Gauge;
  readonly guardInstalled: Gauge;
  readonly stageApprovalsWrites: Counter<'namespace'>;
  readonly stageApprovalsOmitted: Gauge<'namespace'>;
  readonly registryAnswers: Gauge<'registry'>;
  readonly registryVersions: Gauge<'registry'>;
  readonly registryComparedAt: Gauge<'registry'>;
  readonly registryImports: Counter<'registry'>;
  readonly registryExports: Counter<'registry'>;
  readonly registryDrifted: Gauge<'registry'>;
  readonly registryFailures: Counter<'registry'>;
  readonly webhooksRefused: Counter<'registry'>;
  readonly notifications: Counter<'notification' | 'result'>;
  /** Asked at each scrape. */
  observe(state: ObservedState): void;
  /** @returns all metrics in Prometheus' text format, and its content type */
  render(): Promise<{ readonly contentType: string; readonly text: string }>;
}

/** From 10 µs, an ordinary evaluation, to the longest deadline. */
const EVALUATION_BUCKETS = [0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.001, 0.01, 0.1, 1, 5];

export function createOperatorMetrics(): OperatorMetrics {
  const registry = new Registry();
  const registers = [registry];
  collectDefaultMetrics({ register: registry });
  return {
    decisions: new Counter({
      name: 'assent_decisions_total',
      help: 'Decisions made, by outcome (Approved, Pending, Rejected, Error) and by whom (Policy, People).',
      labelNames: ['outcome', 'by'],
      registers,
    }),
    refusedApprovals: new Counter({
      name: 'assent_refused_approvals_total',
      help: 'Decisions of people that were recorded and do not count.',
      registers,
    }),
    approvalsVerified: new Gauge({
      name: 'assent_approvals_verified',
      help: '1 while the admission policies are in force; at 0 no approval is honoured.',
      registers,
    }),
    policyReady: new Gauge({
      name: 'assent_policy_ready',
      help: '1 where the policy compiled, 0 where it did not.',
      labelNames: ['policy'],
      registers,
    }),
    policyQuarantined: new Gauge({
      name: 'assent_policy_quarantined',
      help: '1 while the policy is not evaluated for versions of the namespace, because it was stopped too often.',
      labelNames: ['policy', 'namespace'],
      registers,
    }),
    bundleFetches: new Counter({
      name: 'assent_bundle_fetches_total',
      help: "Fetches of policies' bundles, by what came of them (fetched, unchanged, failed).",
      labelNames: ['result'],
      registers,
    }),
    evaluationSeconds: new Histogram({
      name: 'assent_policy_evaluation_seconds',
      help: 'How long the evaluations took that decisions were made from.',
      labelNames: ['policy'],
      buckets: EVALUATION_BUCKETS,
      registers,
    }),
    reconcileFailures: new Counter({
      name: 'assent_reconcile_failures_total',
      help: 'Reconciles that failed and are tried again; a lost race for a write is none.',
      registers,
    }),
    watchInterruptions: new Counter({
      name: 'assent_watch_interruptions_total',
      help: 'Watches and reads that failed and are taken up again.',
      labelNames: ['resource'],
      registers,
    }),
    eventsDropped: new Counter({
      name: 'assent_events_dropped_total',
      help: 'Kubernetes Events that were not written.',
      registers,
    }),
    records: new Counter({
      name: 'assent_records_total',
      help: 'Records that a sink has: written (stdout), on disk (file), or taken by the receiver (http).',
      labelNames: ['sink'],
      registers,
    }),
    recordSinkFailures: new Counter({
      name: 'assent_record_sink_failures_total',
      help: 'Writes and deliveries of records that failed and are tried again.',
      labelNames: ['sink'],
      registers,
    }),
    recordsSpooledBytes: new Gauge({
      name: 'assent_records_spooled_bytes',
      help: 'Records on disk that the receiver has not taken yet.',
      registers,
    }),
    recordSpoolFull: new Gauge({
      name: 'assent_record_spool_full',
      help: '1 while the spool is full and decisions wait.',
      registers,
    }),
    guardInstalled: new Gauge({
      name: 'assent_deployment_guard_installed',
      help: '1 while the deployment guard is installed.',
      registers,
    }),
    stageApprovalsWrites: new Counter({
      name: 'assent_stage_approvals_writes_total',
      help: 'Writes of what the deployment guard of a namespace goes by.',
      labelNames: ['namespace'],
      registers,
    }),
    stageApprovalsOmitted: new Gauge({
      name: 'assent_stage_approvals_omitted',
      help: 'Approved versions that the deployment guard of a namespace refuses, because there is no room for them.',
      labelNames: ['namespace'],
      registers,
    }),
    registryAnswers: new Gauge({
      name: 'assent_registry_answers',
      help: '1 while the registry answers and takes the credentials, 0 while it is left alone because it does not.',
      labelNames: ['registry'],
      registers,
    }),
    registryVersions: new Gauge({
      name: 'assent_registry_versions',
      help: 'Registered versions that the last comparison saw.',
      labelNames: ['registry'],
      registers,
    }),
    registryComparedAt: new Gauge({
      name: 'assent_registry_last_comparison_timestamp_seconds',
      help: 'When the last comparison with the registry ended, in seconds since 1970.',
      labelNames: ['registry'],
      registers,
    }),
    registryImports: new Counter({
      name: 'assent_registry_imports_total',
      help: 'ModelVersions made from registered versions by comparisons.',
      labelNames: ['registry'],
      registers,
    }),
    registryExports: new Counter({
      name: 'assent_registry_exports_total',
      help: 'Decisions that the registry was made to show.',
      labelNames: ['registry'],
      registers,
    }),
    registryDrifted: new Gauge({
      name: 'assent_registry_drifted',
      help: 'Versions and aliases that the last comparison found otherwise than decided, put back or not.',
      labelNames: ['registry'],
      registers,
    }),
    registryFailures: new Counter({
      name: 'assent_registry_failures_total',
      help: 'What failed between the cluster and the registry and is tried again.',
      labelNames: ['registry'],
      registers,
    }),
    webhooksRefused: new Counter({
      name: 'assent_webhooks_refused_total',
      help: 'Webhooks that nobody can vouch for, that came late or that came before.',
      labelNames: ['registry'],
      registers,
    }),
    notifications: new Counter({
      name: 'assent_notifications_total',
      help: 'Notifications by what came of them: delivered, failed (tried again), given-up.',
      labelNames: ['notification', 'result'],
      registers,
    }),
    observe({ modelVersions, notCompliant, queueLength }) {
      observed(registry, 'assent_model_versions', 'ModelVersions that the operator knows.', modelVersions);
      observed(
        registry,
        'assent_model_versions_not_compliant',
        'Approved versions in a stage that is served, which the policies of today would not approve.',
        notCompliant,
      );
      observed(registry, 'assent_work_queue_length', 'Versions that wait or are worked on.', queueLength);
    },
    async render() {
      return { contentType: registry.contentType, text: await registry.metrics() };
    },
  };
}

function observed(registry: Registry, name: string, help: string, read: () => number): void {
  new Gauge({
    name,
    help,
    registers: [registry],
    collect() {
      this.set(read());
    },
  });
}
