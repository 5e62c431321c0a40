import { Command } from 'commander';
import { stringify } from 'yaml';
import { MODEL_VERSIONS, resourcePath } from '../../kube/index.ts';
import { planImport } from '../../mlflow/index.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { ASKED_AS } from './asked-as.ts';
import { openRegistry } from './open-registry.ts';

interface ImportOptions extends NamespaceOptions {
  readonly apply?: boolean;
}

export function buildImportCommand(): Command {
  return addNamespaceOptions(
    new Command('import')
      .summary('ModelVersions of what MLflow has registered')
      .description(
        `Prints a ModelVersion for each registered version that has none, as YAML for kubectl or Git.\n${ASKED_AS}`,
      )
      .argument('<registry>', 'name of the ModelRegistry')
      .option('--apply', 'create them, in your own name: you are then who submitted them'),
  ).action(async (name: string, options: ImportOptions) => {
    await using cluster = openCluster(options);
    const { registry, ...ports } = await openRegistry(cluster, name, options);
    let count = 0;
    for await (const version of planImport(registry, { ...ports, clock: () => new Date().toISOString() })) {
      count++;
      if (!options.apply) {
        process.stdout.write(`---\n${stringify(version)}`);
        continue;
      }
      const path = resourcePath(MODEL_VERSIONS, { namespace: version.metadata.namespace });
      await cluster.request({ method: 'POST', path, body: version });
      console.log(`modelversion/${version.metadata.name} created`);
    }
    if (count === 0) console.error('every version that matches has its ModelVersion');
  });
}
