import { Command, InvalidArgumentError } from 'commander';
import { DEFAULT_NAMESPACE } from '../admission/index.ts';
import { readConfig } from '../config/index.ts';
import { type AllowedHost, createAddressGuard } from '../distribution/index.ts';
import { loadCluster } from '../kube/index.ts';
import { createModelRegistries, startWebhookServer } from '../mlflow/index.ts';
import { DEFAULT_WORKERS, startOperator } from '../operator/index.ts';
import { startApprovalTasks } from '../pipeline/index.ts';
import { createCompiler, createEvaluator } from '../rego/index.ts';
import {
  createLogger,
  createOperatorEvents,
  createOperatorMetrics,
  createRegistryEvents,
  startHealthServer,
} from '../telemetry/index.ts';
import { addAllowedHost } from './allowed-hosts.ts';
import { keepHeapSmall } from './keep-heap-small.ts';
import { parseInteger } from './parse-integer.ts';
import { openRecordLog } from './records/open-record-log.ts';
import { addRecordOptions, type RecordOptions } from './records/record-options.ts';
import { regoPaths } from './rego-paths.ts';
import { untilSignal } from './until-signal.ts';

interface OperatorCommandOptions extends RecordOptions {
  readonly kubeconfig?: string;
  readonly context?: string;
  readonly namespaces?: readonly string[];
  readonly operatorNamespace: string;
  readonly workers: number;
  readonly evaluators?: number;
  readonly healthPort?: number;
  readonly bundleHost?: readonly AllowedHost[];
  readonly registryHost?: readonly AllowedHost[];
  readonly webhookPort?: number;
  readonly notificationHost?: readonly AllowedHost[];
}

export function buildOperatorCommand(): Command {
  const command = new Command('operator')
    .summary('run the operator against a cluster')
    .description(
      'Watches ModelVersions and policies, decides, and writes what was decided into status.\n' +
        'Uses --kubeconfig, else $KUBECONFIG, else the ServiceAccount of its pod. Logs JSON lines to standard output.',
    )
    .option('--kubeconfig <file>', 'kubeconfig of the cluster')
    .option('--context <name>', 'context in the kubeconfig')
    .option('--namespaces <names...>', 'only the ModelVersions of these namespaces (default: all)', addNamespaces)
    .option('--operator-namespace <name>', "namespace of the operator's ServiceAccount", DEFAULT_NAMESPACE)
    .option('--workers <count>', 'versions worked on at once', parseInteger(1, 1024), DEFAULT_WORKERS)
    .option(
      '--evaluators <count>',
      'threads that evaluate policies (default: 1, or 2 on more than two processors)',
      parseInteger(1, 64),
    )
    .option('--health-port <port>', 'serve /healthz, /readyz and /metrics on this port', parseInteger(0, 65535))
    .option(
      '--bundle-host <host...>',
      'policies may come from HOST[:PORT] although its address is private, or from http://HOST[:PORT] without TLS',
      addAllowedHost,
    )
    .option(
      '--registry-host <host...>',
      'a ModelRegistry may name HOST[:PORT] although its address is private, or http://HOST[:PORT] without TLS',
      addAllowedHost,
    )
    .option('--webhook-port <port>', "receive MLflow's webhooks on this port", parseInteger(0, 65535))
    .option(
      '--notification-host <host...>',
      'a Notification may name HOST[:PORT] although its address is private, or http://HOST[:PORT] without TLS',
      addAllowedHost,
    );
  return addRecordOptions(command).action(runOperator);
}

async function runOperator(options: OperatorCommandOptions): Promise<void> {
  const { logLevel } = readConfig(process.env);
  const metrics = createOperatorMetrics();
  const log = createLogger({ level: logLevel });
  const events = createOperatorEvents(log, metrics);
  const registryEvents = createRegistryEvents(log, metrics);
  const ending = new AbortController();
  await using records = await openRecordLog(options, { events, signal: ending.signal });
  const { kubeconfig, context, namespaces } = options;
  await using cluster = loadCluster({ ...(kubeconfig ? { kubeconfig } : {}), ...(context ? { context } : {}) });
  await using compiler = createCompiler(regoPaths());
  await using evaluator = createEvaluator({
    ...regoPaths(),
    ...(options.evaluators ? { threads: options.evaluators } : {}),
  });
  await using registries = createModelRegistries({
    cluster,
    ...(namespaces ? { namespaces } : {}),
    guard: createAddressGuard(options.registryHost ?? [], '--registry-host'),
    events: registryEvents,
    clock: () => new Date().toISOString(),
  });
  await using approvalTasks = startApprovalTasks({ cluster, ...(namespaces ? { namespaces } : {}), events });
  await using operator = startOperator({
    cluster,
    ...(namespaces ? { namespaces } : {}),
    operatorNamespace: options.operatorNamespace,
    compiler,
    bundleGuard: createAddressGuard(options.bundleHost ?? []),
    notificationGuard: createAddressGuard(options.notificationHost ?? [], '--notification-host'),
    evaluator,
    events,
    records,
    registries,
    observers: [registries, approvalTasks],
    workers: options.workers,
  });
  // What is not known yet must not be what the registry is brought in step with.
  void operator.ready.then(() => registries.start(operator));
  keepHeapSmall({ loaded: operator.ready, isBusy: () => operator.queueLength > 0 });
  // Before the operator ends, for it waits for its workers, and these may wait for room in the spool.
  using _ending = { [Symbol.dispose]: () => ending.abort() };
  let ready = false;
  void operator.ready.then(() => {
    ready = true;
  });
  await using health =
    options.healthPort === undefined
      ? null
      : await startHealthServer({ port: options.healthPort, isReady: () => ready, renderMetrics: metrics.render });
  if (health) events.listening(health.port);
  await using webhooks =
    options.webhookPort === undefined
      ? null
      : await startWebhookServer({ port: options.webhookPort, cluster, registries, events: registryEvents });
  if (webhooks) registryEvents.listening(webhooks.port);
  await untilSignal();
}

/** `--namespaces a b`, `--namespaces a,b` and `--namespaces "a, b"` mean the same. Of none at all it would be of all. */
function addNamespaces(text: string, previous: readonly string[] = []): readonly string[] {
  const names = text.split(',').map((name) => name.trim());
  const wrong = names.find((name) => !NAMESPACE.test(name));
  if (wrong === '') throw new InvalidArgumentError('It is empty: is a variable unset? Leave the option out for all.');
  if (wrong !== undefined)
    throw new InvalidArgumentError(
      `${wrong} is no namespace: a name has at most 63 lowercase letters, digits and -, and begins and ends with a letter or digit.`,
    );
  return [...new Set([...previous, ...names])];
}

/** RFC 1123's DNS label. */
const NAMESPACE = /^(?=.{1,63}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
