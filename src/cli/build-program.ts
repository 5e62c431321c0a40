import { Command } from 'commander';
import { type ExitCode, renderExitCodes } from './exit-code.ts';
import { readPackageInfo } from './package-info.ts';

/** Commands that one module builds. */
interface CommandGroup {
  readonly names: readonly string[];
  build(exit: (code: ExitCode) => void, program: Command): Promise<readonly Command[]>;
}

/** In the order of the help. Each is imported by need: no command takes the time and the memory of all the others. */
const GROUPS: readonly CommandGroup[] = [
  {
    names: ['approve', 'reject', 'revoke'],
    build: async (exit) => (await import('./decide/decide-command.ts')).buildDecideCommands(exit),
  },
  { names: ['list'], build: async () => [(await import('./list/list-command.ts')).buildListCommand()] },
  { names: ['status'], build: async () => [(await import('./status/status-command.ts')).buildStatusCommand()] },
  { names: ['history'], build: async () => [(await import('./history-command.ts')).buildHistoryCommand()] },
  {
    names: ['who-can'],
    build: async (exit) => [(await import('./who-can/who-can-command.ts')).buildWhoCanCommand(exit)],
  },
  {
    names: ['verify'],
    build: async (exit) => [(await import('./records/verify-command.ts')).buildVerifyCommand(exit)],
  },
  {
    names: ['replay'],
    build: async (exit) => [(await import('./records/replay-command.ts')).buildReplayCommand(exit)],
  },
  { names: ['keys'], build: async () => [(await import('./keys-command.ts')).buildKeysCommand()] },
  {
    names: ['evaluate'],
    build: async (exit) => [(await import('./evaluate/evaluate-command.ts')).buildEvaluateCommand(exit)],
  },
  {
    names: ['policy'],
    build: async (exit) => [(await import('./policy/policy-command.ts')).buildPolicyCommand(exit)],
  },
  {
    names: ['mlflow'],
    build: async (exit) => [(await import('./mlflow/mlflow-command.ts')).buildMlflowCommand(exit)],
  },
  { names: ['gate'], build: async (exit) => [(await import('./gate/gate-command.ts')).buildGateCommand(exit)] },
  {
    names: ['pipeline'],
    build: async (exit) => [(await import('./pipeline/pipeline-command.ts')).buildPipelineCommand(exit)],
  },
  { names: ['operator'], build: async () => [(await import('./operator-command.ts')).buildOperatorCommand()] },
  { names: ['gateway'], build: async () => [(await import('./gateway-command.ts')).buildGatewayCommand()] },
  { names: ['dev'], build: async () => [(await import('./dev-command.ts')).buildDevCommand()] },
  {
    names: ['completion'],
    build: async (_, program) => [(await import('./completion/completion-command.ts')).buildCompletionCommand(program)],
  },
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
    .exitOverride();
  for (const group of selectGroups(args))
    for (const command of await group.build(exit, program)) program.addCommand(inherit(program, command));
  return program;
}

/** Whatever is not plainly a call of one command may ask for the names of all. */
function selectGroups([called = '']: readonly string[]): readonly CommandGroup[] {
  const group = GROUPS.find(({ names }) => names.includes(called));
  return group && called !== 'completion' ? [group] : GROUPS;
}

/** Commander hands its settings only to commands that it makes itself: the others would end the process, with 1. */
function inherit(parent: Command, command: Command): Command {
  command.copyInheritedSettings(parent);
  for (const subcommand of command.commands) inherit(command, subcommand);
  return command;
}
