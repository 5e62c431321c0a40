import { readFile } from 'node:fs/promises';
import { Command, InvalidArgumentError } from 'commander';
import { Duration, parseDurationMs } from '../api/index.ts';
import { readConfig } from '../config/index.ts';
import { type GuardedAlias, parseGuardedAlias, startGateway } from '../mlflow/index.ts';
import { createGatewayEvents, createLogger } from '../telemetry/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from './cluster-options.ts';
import { collectPassed } from './collect-passed.ts';
import { keepHeapSmall } from './keep-heap-small.ts';
import { untilSignal } from './until-signal.ts';

interface GatewayCommandOptions extends NamespaceOptions {
  readonly registry: URL;
  readonly listen: Listen;
  readonly timeout: number;
  readonly alias?: readonly GuardedAlias[];
  readonly ca?: string;
}

interface Listen {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_ALIASES: readonly GuardedAlias[] = [{ alias: 'champion', stage: 'Production' }];
const DEFAULT_LISTEN: Listen = { host: '127.0.0.1', port: 5001 };

export function buildGatewayCommand(): Command {
  return addNamespaceOptions(
    new Command('gateway')
      .summary('stand before MLflow, and let a stage change only once it is decided')
      .description(
        'An HTTP server before MLflow: everything passes as it is, but a call that changes a stage or a guarded alias is\n' +
          'made only once the ModelVersion is approved. Point MLFLOW_TRACKING_URI at it. Logs JSON lines to standard output.',
      )
      .requiredOption('--registry <url>', 'the MLflow server: https://HOST[:PORT][/PREFIX]', parseRegistry)
      .option('--listen <host:port>', 'where to listen (default: 127.0.0.1:5001)', parseListen, DEFAULT_LISTEN)
      .option('--timeout <duration>', 'how long a call waits for its decision (default: 30s)', parseDuration, 30_000)
      .option(
        '--alias <alias...>',
        'guard this alias: NAME (of Production) or NAME=STAGE (default: champion); those that a ModelRegistry exports are too',
        addAlias,
      )
      .option('--ca <file>', "authorities in PEM that sign the registry's certificate"),
  ).action(runGateway);
}

async function runGateway(options: GatewayCommandOptions): Promise<void> {
  const { registry, listen, timeout: timeoutMs, alias = DEFAULT_ALIASES, ca } = options;
  const caBundle = ca === undefined ? undefined : await readFile(ca, 'utf8');
  const events = createGatewayEvents(createLogger({ level: readConfig(process.env).logLevel }));
  await using cluster = openCluster(options);
  const namespace = options.namespace ?? cluster.namespace;
  await using _gateway = await startGateway({
    ...listen,
    ...{ cluster, namespace, registry, caBundle, aliases: alias, timeoutMs, events, onPassed: collectPassed() },
  });
  // What only the start needed is given back.
  keepHeapSmall({ loaded: Promise.resolve(), isBusy: () => false, slackBytes: 0 });
  await untilSignal();
}

function parseRegistry(text: string): URL {
  const url = URL.parse(text);
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password || url.search || url.hash)
    throw new InvalidArgumentError('An address reads https://HOST[:PORT][/PREFIX], without credentials.');
  return url;
}

function parseListen(text: string): Listen {
  const [, host = '', port = ''] = /^(.+):(\d{1,5})$/.exec(text) ?? [];
  if (host === '' || Number(port) > 65_535) throw new InvalidArgumentError('Write HOST:PORT, such as 0.0.0.0:5001.');
  return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) };
}

function parseDuration(text: string): number {
  const parsed = Duration.safeParse(text);
  if (!parsed.success) throw new InvalidArgumentError(parsed.error.issues.map(({ message }) => message).join('; '));
  return parseDurationMs(parsed.data);
}

function addAlias(text: string, previous: readonly GuardedAlias[] = []): readonly GuardedAlias[] {
  const alias = parseGuardedAlias(text);
  if (!alias) throw new InvalidArgumentError('Write NAME, NAME=Production or NAME=Staging.');
  return [...previous, alias];
}
