import type { Argument, Command, Option } from 'commander';

/** What a shell offers for a word. */
export type Candidates =
  | { readonly kind: 'words'; readonly words: readonly string[] }
  /** Names of ModelVersions, asked of the cluster. */
  | { readonly kind: 'versions' }
  | { readonly kind: 'files' }
  /** Anything that the user may write: nothing is offered. */
  | { readonly kind: 'text' };

export interface OptionSpec {
  /** Such as `-n`, `--namespace`. */
  readonly flags: readonly string[];
  readonly description: string;
  /** Null: it takes no value. */
  readonly value: Candidates | null;
}

/** A command as a completion script knows it. */
export interface CommandSpec {
  /** The words that call it, without the program's name: '' for the program itself, `dev kubeconfig`. */
  readonly path: string;
  readonly subcommands: readonly { readonly name: string; readonly summary: string }[];
  readonly options: readonly OptionSpec[];
  readonly argument: Candidates;
}

/** The options by which `list` finds the same versions as the command that is being written. */
export const SCOPE_FLAGS = ['-n', '--namespace', '--kubeconfig', '--context'] as const;

/** @returns the program and all commands below it, each before those below it. */
export function describeCommands(program: Command): readonly CommandSpec[] {
  return describeBelow(program, '');
}

function describeBelow(command: Command, path: string): readonly CommandSpec[] {
  const help = command.createHelp();
  const below = help.visibleCommands(command);
  const subcommands = below.map((subcommand) => ({
    name: subcommand.name(),
    summary: help.subcommandDescription(subcommand),
  }));
  const [argument] = command.registeredArguments;
  const spec: CommandSpec = {
    path,
    subcommands,
    options: help.visibleOptions(command).map(describeOption),
    // More files of an option that takes several look like arguments.
    argument: argument
      ? describeArgument(argument)
      : { kind: command.options.some((option) => option.variadic && takesFile(option)) ? 'files' : 'text' },
  };
  // A group's own `help` takes the name of any command beside it.
  const others = subcommands.map(({ name }) => name).filter((name) => name !== 'help');
  return [
    spec,
    ...below.flatMap((subcommand) => {
      const name = subcommand.name();
      const subpath = path === '' ? name : `${path} ${name}`;
      if (name !== 'help') return describeBelow(subcommand, subpath);
      if (path === '') return describeHelp(command, name);
      return [{ path: subpath, subcommands: [], options: [], argument: { kind: 'words', words: others } as const }];
    }),
  ];
}

/** The program's `help` takes the words of any command. */
function describeHelp(command: Command, path: string): readonly CommandSpec[] {
  const below = command
    .createHelp()
    .visibleCommands(command)
    .filter((subcommand) => subcommand.name() !== 'help');
  const subcommands = below.map((subcommand) => ({ name: subcommand.name(), summary: subcommand.summary() }));
  return [
    { path, subcommands, options: [], argument: { kind: 'text' } },
    ...below.flatMap((subcommand) => describeHelp(subcommand, `${path} ${subcommand.name()}`)),
  ];
}

function describeOption(option: Option): OptionSpec {
  const { short, long, description, required, optional, argChoices } = option;
  const value: Candidates = argChoices
    ? { kind: 'words', words: argChoices }
    : { kind: takesFile(option) ? 'files' : 'text' };
  return {
    flags: [short, long].filter((flag) => flag !== undefined && flag !== null),
    description,
    value: required || optional ? value : null,
  };
}

function describeArgument(argument: Argument): Candidates {
  if (argument.argChoices) return { kind: 'words', words: argument.argChoices };
  return BY_ARGUMENT[argument.name()] ?? { kind: 'text' };
}

const BY_ARGUMENT: Readonly<Record<string, Candidates>> = {
  name: { kind: 'versions' },
  target: { kind: 'versions' },
  file: { kind: 'files' },
  folder: { kind: 'files' },
};

function takesFile({ flags }: Option): boolean {
  return /<(file|path)(\.\.\.)?>/.test(flags);
}
