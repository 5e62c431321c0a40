import { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { buildDiffCommand } from './diff-command.ts';
import { buildExportCommand } from './export-command.ts';
import { buildImportCommand } from './import-command.ts';
import { buildSyncCommand } from './sync-command.ts';

export function buildMlflowCommand(exit: (code: ExitCode) => void): Command {
  const command = new Command('mlflow')
    .summary('an MLflow registry and the versions of the cluster')
    .description('Compares an MLflow registry with the ModelVersions that name it, and brings one side to the other.');
  for (const subcommand of [buildDiffCommand(exit), buildSyncCommand(exit), buildImportCommand(), buildExportCommand()])
    command.addCommand(subcommand);
  return command;
}
