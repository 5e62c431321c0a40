import type { Candidates, CommandSpec } from './command-tree.ts';

/** How one shell offers something. */
export interface Offers {
  words(words: readonly Offer[]): string;
  readonly versions: string;
  readonly files: string;
}

export interface Offer {
  readonly word: string;
  readonly description: string;
}

/** The branches of the `case` statements that bash and zsh share. */
export interface ShellCases {
  /** Of `COMMAND WORD`: a word that calls a command. */
  readonly commands: string;
  /** Of `COMMAND OPTION`: an option that takes a value. */
  readonly valued: string;
  /** Of `COMMAND OPTION`: what the option's value may be. */
  readonly values: string;
  /** Of `COMMAND`: its options. */
  readonly options: string;
  /** Of `COMMAND`: what its argument may be. */
  readonly arguments: string;
}

export function buildShellCases(commands: readonly CommandSpec[], offers: Offers): ShellCases {
  const offer = (candidates: Candidates): string => {
    switch (candidates.kind) {
      case 'words':
        return offers.words(candidates.words.map((word) => ({ word, description: '' })));
      case 'versions':
        return offers.versions;
      case 'files':
        return offers.files;
      case 'text':
        return '';
    }
  };
  const valued = commands.flatMap(({ path, options }) =>
    options.flatMap(({ flags, value }) => (value ? [{ patterns: flags.map((flag) => `${path} ${flag}`), value }] : [])),
  );
  const called = commands.filter(({ path }) => path !== '');
  return {
    commands: alternatives(called.map(({ path }) => (path.includes(' ') ? path : ` ${path}`))),
    valued: alternatives(valued.flatMap(({ patterns }) => patterns)),
    values: branches(valued.map(({ patterns, value }) => [patterns, offer(value)])),
    options: branches(
      commands
        .filter(({ options }) => options.length > 0)
        .map(({ path, options }) => [
          [path],
          offers.words(options.flatMap(({ flags, description }) => flags.map((word) => ({ word, description })))),
        ]),
    ),
    arguments: branches(
      commands.map(({ path, subcommands, argument }) => [
        [path],
        subcommands.length > 0
          ? offers.words(subcommands.map(({ name, summary }) => ({ word: name, description: summary })))
          : offer(argument),
      ]),
    ),
  };
}

/** @returns one branch for all patterns with the same action; none for what offers nothing. */
function branches(actions: readonly (readonly [patterns: readonly string[], action: string])[]): string {
  const byAction = new Map<string, readonly string[]>();
  for (const [patterns, action] of actions)
    if (action !== '') byAction.set(action, [...(byAction.get(action) ?? []), ...patterns]);
  return [...byAction].map(([action, patterns]) => `      ${alternatives(patterns)}) ${action} ;;\n`).join('');
}

function alternatives(patterns: readonly string[]): string {
  return patterns.map((pattern) => `'${pattern}'`).join('|');
}
