import { Argument, Command } from 'commander';
import { type CommandSpec, describeCommands } from './command-tree.ts';
import { renderBash } from './render-bash.ts';
import { renderFish } from './render-fish.ts';
import { renderZsh } from './render-zsh.ts';

const SHELLS = ['bash', 'zsh', 'fish'] as const;
type Shell = (typeof SHELLS)[number];

const RENDERERS: Readonly<Record<Shell, (commands: readonly CommandSpec[], programs: readonly string[]) => string>> = {
  bash: renderBash,
  zsh: renderZsh,
  fish: renderFish,
};

/** The bins of package.json: one program. */
const PROGRAMS = ['assent', 'kubectl-assent'];

/** @param program is looked at when the command runs: it has all its commands then. */
export function buildCompletionCommand(program: Command): Command {
  return new Command('completion')
    .summary('a script that completes commands, options and names in your shell')
    .description('Prints a script that completes commands, options, their choices and names of ModelVersions.')
    .addArgument(new Argument('<shell>', 'your shell').choices(SHELLS))
    .addHelpText(
      'after',
      '\nExample:\n  source <(assent completion bash)\n  source <(assent completion zsh)\n  assent completion fish | source',
    )
    .action((shell: Shell) => {
      process.stdout.write(RENDERERS[shell](describeCommands(program), PROGRAMS));
    });
}
