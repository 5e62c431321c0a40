import { type Candidates, type CommandSpec, SCOPE_FLAGS } from './command-tree.ts';

/** @returns a script for fish 3 and later. */
export function renderFish(commands: readonly CommandSpec[], programs: readonly string[]): string {
  const [program = '', ...others] = programs;
  const complete = (condition: string, rest: string) => `complete -c ${program} -n ${quote(condition)} ${rest}`;
  const lines = commands.flatMap((command) => {
    const condition = conditionOf(command);
    return [
      ...command.subcommands.map(({ name, summary }) => complete(condition, `-a ${name} -d ${quote(summary)}`)),
      ...command.options.map(({ flags, description, value }) =>
        complete(
          condition,
          [...flags.map(renderFlag), ...(value ? [renderValue(value)] : []), `-d ${quote(description)}`].join(' '),
        ),
      ),
      ...(command.subcommands.length > 0 || command.argument.kind === 'text'
        ? []
        : [complete(condition, renderCandidates(command.argument))]),
    ];
  });
  return `# Completion for fish: ${program} completion fish | source
function __assent_versions
    set -l words (commandline -opc)
    set -l scope
    for i in (seq 2 (math (count $words) - 1))
        if contains -- $words[$i] ${SCOPE_FLAGS.join(' ')}
            set -a scope $words[$i] $words[(math $i + 1)]
        end
    end
    $words[1] list --output name $scope 2>/dev/null
end

complete -c ${program} -f
${lines.join('\n')}
${others.map((other) => `complete -c ${other} -w ${program}`).join('\n')}
`;
}

/** Whether the words before the cursor call this command, and none below it. */
function conditionOf({ path, subcommands }: CommandSpec): string {
  if (path === '') return '__fish_use_subcommand';
  const seen = path.split(' ').map((word) => `__fish_seen_subcommand_from ${word}`);
  const below = subcommands.map(({ name }) => name).join(' ');
  return [...seen, ...(below === '' ? [] : [`not __fish_seen_subcommand_from ${below}`])].join('; and ');
}

function renderFlag(flag: string): string {
  return flag.startsWith('--') ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`;
}

/** `-x` keeps fish from offering files beside. */
function renderValue(value: Candidates): string {
  return value.kind === 'files' ? '-r -F' : `-x ${renderCandidates(value)}`.trim();
}

function renderCandidates(candidates: Candidates): string {
  switch (candidates.kind) {
    case 'words':
      return `-a ${quote(candidates.words.join(' '))}`;
    case 'versions':
      return `-a '(__assent_versions)'`;
    case 'files':
      return '-F';
    case 'text':
      return '';
  }
}

function quote(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", "\\'")}'`;
}
