import { Command } from 'commander';
import { type ExitCode, renderExitCodes } from './exit-code.ts';
import { describeCommand, putOperandsFirst } from './operands-first.ts';
import { readPackageInfo } from './package-info.ts';

type Build<Built> = (exit: (code: ExitCode) => void, program: Command) => Promise<Built>;

/** Commands that one module builds. */
interface CommandGroup {
  readonly names: readonly string[];
  readonly build: Build<readonly Command[]>;
}

/** In the order of the help. Each is imported by need: no command takes the time and the memory of all the others. */
const GROUPS: readonly CommandGroup[] = [
  {
    names: ['approve', 'reject', 'revoke'],
    build: async (exit) => (await import('./decide/decide-command.ts')).buildDecideCommands(exit),
  },
  single('list', async () => (await import('./list/list-command.ts')).buildListCommand()),
  single('status', async () => (await import('./status/status-command.ts')).buildStatusCommand()),
  single('history', async () => (await import('./history-command.ts')).buildHistoryCommand()),
  single('who-can', async (exit) => (await import('./who-can/who-can-command.ts')).buildWhoCanCommand(exit)),
  single('verify', async (exit) => (await import('./records/verify-command.ts')).buildVerifyCommand(exit)),
  single('replay', async (exit) => (await import('./records/replay-command.ts')).buildReplayCommand(exit)),
  single('keys', async () => (await import('./keys-command.ts')).buildKeysCommand()),
  single('evaluate', async (exit) => (await import('./evaluate/evaluate-command.ts')).buildEvaluateCommand(exit)),
  single('policy', async (exit) => (await import('./policy/policy-command.ts')).buildPolicyCommand(exit)),
  single('mlflow', async (exit) => (await import('./mlflow/mlflow-command.ts')).buildMlflowCommand(exit)),
  single('gate', async (exit) => (await import('./gate/gate-command.ts')).buildGateCommand(exit)),
  single('pipeline', async (exit) => (await import('./pipeline/pipeline-command.ts')).buildPipelineCommand(exit)),
  single('operator', async () => (await import('./operator-command.ts')).buildOperatorCommand()),
  single('gateway', async () => (await import('./gateway-command.ts')).buildGatewayCommand()),
  single('dev', async () => (await import('./dev-command.ts')).buildDevCommand()),
  single('completion', async (_, program) =>
    (await import('./completion/completion-command.ts')).buildCompletionCommand(program),
  ),
];

interface ProgramOptions {
  /** How the user calls this program. */
  readonly name?: string;
  /** What follows the program's name on the command line. Without it the program has all its commands. */
  readonly args?: readonly string[];
}

/**
 * @param exit takes the exit code of a command that ended with a result
 * @returns the command line: whole, or with the one command that `args` call. It throws CommanderError in place of ending the process.
 */
export async function buildProgram(exit: (code: ExitCode) => void, options: ProgramOptions = {}): Promise<Command> {
  const { name = 'assent', args = [] } = options;
  const { description, version } = readPackageInfo();
  const program = new Command(name)
    .description(description)
    .version(version)
    .addHelpText('after', renderExitCodes('all'))
    .showHelpAfterError(`(${name} help COMMAND tells more)`)
    // `gate --version 7` is of a model: the program's own flags stand before the command.
    .enablePositionalOptions()
    .exitOverride()
    .configureHelp({ subcommandTerm: describeCommand })
    .hook('preAction', (_, command) => refuseEmpty(command));
  for (const group of selectGroups(args))
    for (const command of await group.build(exit, program)) program.addCommand(inherit(program, command));
  return program;
}

function single(name: string, build: Build<Command>): CommandGroup {
  return { names: [name], build: async (exit, program) => [await build(exit, program)] };
}

/** Whatever is not plainly a call of one command may ask for the names of all. */
function selectGroups([called = '']: readonly string[]): readonly CommandGroup[] {
  const group = GROUPS.find(({ names }) => names.includes(called));
  return group && called !== 'completion' ? [group] : GROUPS;
}

/** Commander hands its settings only to commands that it makes itself: the others would end the process, with 1. */
function inherit(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  putOperandsFirst(command);
  for (const subcommand of command.commands) inherit(command, subcommand);
  return command;
}

/** An unset variable of a shell arrives as an empty text: taken for a value, `-n ""` would mean all namespaces. */
function refuseEmpty(command: Command): void {
  const options = command.options
    .filter((option) => command.getOptionValueSource(option.attributeName()) === 'cli')
    .map((option) => ({ what: `option '${option.flags}'`, value: command.getOptionValue(option.attributeName()) }));
  const args = command.registeredArguments.map((argument, index) => ({
    what: `argument '${argument.name()}'`,
    value: command.processedArgs[index],
  }));
  const empty = [...options, ...args].find(({ value }) => [value].flat().includes(''));
  if (empty) command.error(`error: ${empty.what} is empty: is a variable unset? give a value, or leave it out`);
}
