import { Command, Option } from 'commander';
import { stringify } from 'yaml';
import { diffRegistry } from '../../mlflow/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { EXIT, type ExitCode, renderExitCodes } from '../exit-code.ts';
import { renderTable } from '../render-table.ts';
import { ASKED_AS } from './asked-as.ts';
import { openRegistry } from './open-registry.ts';

interface DiffOptions extends NamespaceOptions {
  readonly output: 'table' | 'json' | 'yaml';
}

export function buildDiffCommand(exit: (code: ExitCode) => void): Command {
  return addNamespaceOptions(
    new Command('diff')
      .summary('where an MLflow registry and the cluster do not agree')
      .description(
        `Lists versions that are not imported, decisions that MLflow does not show, and stages that somebody moved there.\nIt changes nothing. ${ASKED_AS}`,
      )
      .argument('<registry>', 'name of the ModelRegistry')
      .addOption(
        new Option('-o, --output <format>', 'output format').choices(['table', 'json', 'yaml']).default('table'),
      ),
  )
    .addHelpText('after', renderExitCodes('diff'))
    .action(async (name: string, options: DiffOptions) => {
      await using cluster = openCluster(options);
      const { registry, ...ports } = await openRegistry(cluster, name, options);
      const differences = await diffRegistry(registry, ports);
      if (options.output === 'json') console.log(JSON.stringify(differences, null, 2));
      else if (options.output === 'yaml') process.stdout.write(stringify(differences));
      else if (differences.length > 0)
        process.stdout.write(
          renderTable(
            ['MODEL', 'VERSION', 'DIFFERENCE', 'IN MLFLOW', 'DECIDED'],
            differences.map(({ model, version, kind, found, decided }) => [model, version, kind, found, decided]),
          ),
        );
      console.error(
        differences.length === 0 ? 'MLflow shows what was decided' : `${differences.length} versions differ`,
      );
      exit(differences.length === 0 ? EXIT.approved : EXIT.rejected);
    });
}
