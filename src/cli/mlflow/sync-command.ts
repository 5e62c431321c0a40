import { setTimeout as sleep } from 'node:timers/promises';
import { Command } from 'commander';
import type { ModelRegistry } from '../../api/index.ts';
import { type Cluster, resourcePath } from '../../kube/index.ts';
import { MODEL_REGISTRIES, SYNC_ANNOTATION } from '../../mlflow/index.ts';
import { CliError } from '../cli-error.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../exit-code.ts';
import { parseInteger } from '../parse-integer.ts';
import { readRegistry } from './open-registry.ts';

interface SyncOptions extends NamespaceOptions {
  readonly timeout: number;
}

const INTERVAL_MS = 250;

export function buildSyncCommand(exit: (code: ExitCode) => void): Command {
  return addNamespaceOptions(
    new Command('sync')
      .summary('have the operator compare a registry now')
      .description('Asks the operator to compare the registry now, and waits until it has.')
      .argument('<registry>', 'name of the ModelRegistry')
      .option('--timeout <seconds>', 'how long to wait', parseInteger(1, 86_400), 60),
  )
    .addHelpText('after', renderExitCodes('sync'))
    .action(async (name: string, options: SyncOptions) => {
      await using cluster = openCluster(options);
      const before = await readRegistry(cluster, name, options);
      const requestedAt = new Date().toISOString();
      await request(cluster, before, requestedAt);
      const end = performance.now() + options.timeout * 1000;
      for (;;) {
        const registry = await readRegistry(cluster, name, options);
        if (registry.status?.lastHandledSyncAt === requestedAt) {
          const ready = registry.status.conditions?.find(({ type }) => type === 'Ready');
          console.log(render(registry));
          exit(ready?.status === 'True' ? EXIT.approved : EXIT.rejected);
          return;
        }
        if (performance.now() > end)
          throw new CliError([`${name} was not compared within ${options.timeout} s: does the operator run?`]);
        await sleep(INTERVAL_MS);
      }
    });
}

async function request(cluster: Cluster, { metadata: { namespace, name } }: ModelRegistry, at: string): Promise<void> {
  await cluster.request({
    method: 'PATCH',
    path: resourcePath(MODEL_REGISTRIES, { namespace, name }),
    contentType: 'application/merge-patch+json',
    body: { metadata: { annotations: { [SYNC_ANNOTATION]: at } } },
  });
}

function render({ metadata: { name }, status }: ModelRegistry): string {
  const { versions = 0, imported = 0, pendingExports = 0, drifted = [], conditions = [] } = status ?? {};
  const said = conditions.filter(({ type }) => type === 'Ready' || type === 'InSync');
  return [
    `${name}: ${versions} versions, ${imported} imported, ${pendingExports} decisions to export, ${drifted.length} drifted`,
    ...said.map(({ type, status: value, reason, message }) => `  ${type} ${value} (${reason}): ${message}`),
  ].join('\n');
}
