import { Command } from 'commander';
import type { ExitCode } from '../exit-code.ts';
import { buildLintCommand } from './lint-command.ts';
import { buildRunCommand } from './run-command.ts';

/** Commands about pipeline files, each in a file of its own. */
export function buildPipelineCommand(exit: (code: ExitCode) => void): Command {
  const pipeline = new Command('pipeline')
    .summary('check a pipeline file, or run its steps on this machine')
    .description('Commands about pipeline files.');
  for (const command of [buildLintCommand(exit), buildRunCommand(exit)]) pipeline.addCommand(command);
  return pipeline;
}
