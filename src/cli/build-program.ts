import { Command } from 'commander';
import { buildCompletionCommand } from './completion/completion-command.ts';
import { buildDecideCommands } from './decide/decide-command.ts';
import { buildDevCommand } from './dev-command.ts';
import { buildEvaluateCommand } from './evaluate/evaluate-command.ts';
import { type ExitCode, renderExitCodes } from './exit-code.ts';
import { buildGateCommand } from './gate/gate-command.ts';
import { buildGatewayCommand } from './gateway-command.ts';
import { buildHistoryCommand } from './history-command.ts';
import { buildKeysCommand } from './keys-command.ts';
import { buildListCommand } from './list/list-command.ts';
import { buildMlflowCommand } from './mlflow/mlflow-command.ts';
import { buildOperatorCommand } from './operator-command.ts';
import { readPackageInfo } from './package-info.ts';
import { buildPipelineCommand } from './pipeline/pipeline-command.ts';
import { buildPolicyCommand } from './policy/policy-command.ts';
import { buildReplayCommand } from './records/replay-command.ts';
import { buildVerifyCommand } from './records/verify-command.ts';
import { buildStatusCommand } from './status/status-command.ts';
import { buildWhoCanCommand } from './who-can/who-can-command.ts';

/**
 * @param exit takes the exit code of a command that ended with a result
 * @param name how the user calls this program
 * @returns the whole command line. It throws CommanderError in place of ending the process.
 */
export function buildProgram(exit: (code: ExitCode) => void, name = 'assent'): Command {
  const { description, version } = readPackageInfo();
  const program = new Command(name)
    .description(description)
    .version(version)
    .addHelpText('after', renderExitCodes('all'))
    .showHelpAfterError(`(${name} help COMMAND tells more)`)
    // `gate --version 7` is of a model: the program's own flags stand before the command.
    .enablePositionalOptions()
    .exitOverride();
  const commands = [
    ...buildDecideCommands(exit),
    buildListCommand(),
    buildStatusCommand(),
    buildHistoryCommand(),
    buildWhoCanCommand(exit),
    buildVerifyCommand(exit),
    buildReplayCommand(exit),
    buildKeysCommand(),
    buildEvaluateCommand(exit),
    buildPolicyCommand(exit),
    buildMlflowCommand(exit),
    buildGateCommand(exit),
    buildPipelineCommand(exit),
    buildOperatorCommand(),
    buildGatewayCommand(),
    buildDevCommand(),
    buildCompletionCommand(program),
  ];
  for (const command of commands) program.addCommand(inherit(program, command));
  return program;
}

/** Commander hands its settings only to commands that it makes itself: the others would end the process, with 1. */
function inherit(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const subcommand of command.commands) inherit(command, subcommand);
  return command;
}
