import { Command } from 'commander';
import { nearNames } from '../../api/index.ts';
import { exportModel, RegistryError, type VersionIndex } from '../../mlflow/index.ts';
import { CliError } from '../cli-error.ts';
import { addNamespaceOptions, type NamespaceOptions, openCluster } from '../cluster-options.ts';
import { ASKED_AS } from './asked-as.ts';
import { openRegistry } from './open-registry.ts';

interface ExportOptions extends NamespaceOptions {
  readonly model?: string;
}

export function buildExportCommand(): Command {
  return addNamespaceOptions(
    new Command('export')
      .summary('show decisions in MLflow')
      .description(
        `Brings stages, aliases and tags in MLflow to where the decisions are, for an MLflow that the operator cannot reach.\nWhat MLflow shows already is not written again. ${ASKED_AS}`,
      )
      .argument('<registry>', 'name of the ModelRegistry')
      .option('--model <name>', 'only the versions of this model'),
  ).action(async (name: string, options: ExportOptions) => {
    await using cluster = openCluster(options);
    const { registry, client, versions, index } = await openRegistry(cluster, name, options);
    if (!registry.spec.export)
      throw new CliError([`ModelRegistry ${name} has no export: write spec.export: {} where decisions shall be shown`]);
    let count = 0;
    const leftOut: string[] = [];
    for (const model of selectModels(index, name, options.model)) {
      try {
        await exportModel(model, registry, {
          client,
          versions,
          index,
          clock: () => new Date().toISOString(),
          // The status is the operator's to write; it finds the tags in place and notes them.
          record: async () => {},
          isExported: () => false,
          onExported: (_, { spec }, { stage }) => {
            count++;
            console.log(`${spec.model} ${spec.version}: ${stage}`);
          },
          onAbsent: ({ spec }) => console.error(`${spec.model} ${spec.version}: MLflow has no such version`),
        });
      } catch (error) {
        if (!isOfOneModel(error)) throw error;
        leftOut.push(`model ${model} is not shown, or not all of it: ${error.message}`);
      }
    }
    if (leftOut.length > 0) throw new CliError(leftOut);
    if (count === 0)
      console.error('every decision is noted as shown; `assent mlflow diff` tells of what was moved since');
  });
}

/** @throws CliError where nothing is of the model: a misspelt name would pass for one that is shown already */
function selectModels(index: VersionIndex, registry: string, asked: string | undefined): readonly string[] {
  const models = [...index.models()].toSorted();
  if (asked === undefined) return models;
  if (models.includes(asked)) return [asked];
  const near = nearNames(asked, models);
  const hint = near.length > 0 ? `did you mean ${near.join(', ')}?` : `it has ${models.join(', ') || 'none'}`;
  throw new CliError([`ModelRegistry ${registry} has no ModelVersions of model ${asked}; ${hint}`]);
}

/** Other models may be this account's to change, and have nothing wrong with them. */
function isOfOneModel(error: unknown): error is RegistryError {
  return error instanceof RegistryError && ['forbidden', 'not-found', 'invalid'].includes(error.code);
}
