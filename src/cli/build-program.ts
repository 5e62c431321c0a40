import { Command } from 'commander';
import { buildDevCommand } from './dev-command.ts';
import { buildEvaluateCommand } from './evaluate/evaluate-command.ts';
import { type ExitCode, renderExitCodes } from './exit-code.ts';
import { buildOperatorCommand } from './operator-command.ts';
import { readPackageInfo } from './package-info.ts';

/**
 * @param exit takes the exit code of a command that ended with a result
 * @returns the whole command line. It throws CommanderError in place of ending the process.
 */
export function buildProgram(exit: (code: ExitCode) => void): Command {
  const { description, version } = readPackageInfo();
  const program = new Command('assent')
    .description(description)
    .version(version)
    .addHelpText('after', renderExitCodes())
    .showHelpAfterError('(assent help COMMAND tells more)')
    .exitOverride();
  for (const command of [buildOperatorCommand(), buildEvaluateCommand(exit), buildDevCommand()]) {
    program.addCommand(inherit(program, command));
  }
  return program;
}

/** Commander hands its settings only to commands that it makes itself: the others would end the process, with 1. */
function inherit(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const subcommand of command.commands) inherit(command, subcommand);
  return command;
}
