import { Command } from 'commander';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { createPaint } from '../paint.ts';
import { programName } from '../program-name.ts';
import { readVersion } from '../read-version.ts';
import { locateVersion, versionArgument } from '../version-name.ts';
import { renderStatus } from './render-status.ts';

export function buildStatusCommand(): Command {
  return addNamespaceOptions(
    new Command('status')
      .summary('why a version is where it is, and what it waits for')
      .description(
        'Explains the decision on a version: the policies and their reasons, who has approved, who still can, and how.',
      )
      .addArgument(versionArgument()),
  ).action(async (name: string, options: NamespaceOptions, command: Command) => {
    await using cluster = openCluster(options);
    const where = locateVersion(cluster, name, options);
    const version = await readVersion(cluster, where);
    const { kubeconfig, context } = options;
    process.stdout.write(
      renderStatus(version, {
        program: programName(command),
        flags: { namespace: where.namespace, kubeconfig, context },
        nowMs: Date.now(),
        paint: createPaint(process.stdout),
      }),
    );
  });
}
