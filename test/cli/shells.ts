import { execFile } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { CLI } from './run-cli.ts';

export const SHELLS = ['bash', 'zsh', 'fish'] as const;
export type Shell = (typeof SHELLS)[number];

export function hasProgram(name: string): boolean {
  return (process.env.PATH ?? '').split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, name), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Puts an `assent` of the sources into the folder, and the scripts that it prints. */
export async function installCompletion(folder: string): Promise<void> {
  const program = join(folder, 'assent');
  await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${CLI}' "$@"\n`, { mode: 0o755 });
  for (const shell of SHELLS) {
    const { stdout } = await promisify(execFile)(program, ['completion', shell]);
    await writeFile(join(folder, `completion.${shell}`), stdout);
  }
}

/**
 * Presses the tab key in a real shell, with the completion script loaded.
 *
 * @param folder as `installCompletion` left it
 * @param words of the command line; the cursor is behind the last one
 * @returns what the shell offers; of zsh, which shows more than it tells, the line as it has become
 */
export async function complete(shell: Shell, folder: string, words: readonly string[]): Promise<readonly string[]> {
  const env = { ...process.env, PATH: `${folder}${delimiter}${process.env.PATH}` };
  const script = join(folder, `completion.${shell}`);
  const { stdout } = await promisify(execFile)(shell, [...COMMANDS[shell](script, words)], { env });
  return stdout.split('\n').filter(Boolean);
}

const COMMANDS: Readonly<Record<Shell, (script: string, words: readonly string[]) => readonly string[]>> = {
  bash: (script, words) => {
    // As readline does: it takes = for a word of its own.
    const typed = words.flatMap((word) => word.split(/(=)/));
    return ['-c', BASH, script, ...typed];
  },
  zsh: (script, words) => ['-f', '-c', ZSH, script, words.join(' ')],
  fish: (script, words) => ['--no-config', '-c', FISH, script, words.join(' ')],
};

const BASH = `
source "$0"
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_assent 2>/dev/null
printf '%s\\n' "\${COMPREPLY[@]}"
`;

/** A terminal of its own with an interactive zsh, in which a key shows the line as it is. */
const ZSH = `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "PS1=; autoload -Uz compinit; compinit -D -u; source '$0'
show() { print -r -- \\"LINE=<\\$BUFFER>\\" }; zle -N show; bindkey '^X' show; echo REA''DY"
zpty -r z out '*READY*'
zpty -w -n z $1$'\\t'$'\\x18'
zpty -r z out '*LINE=<*>*'
print -r -- \${\${out##*LINE=<}%%>*}
`;

/** Each line is a word, a tab and its description. */
const FISH = `
source $argv[1]
complete -C $argv[2] | string replace -r '\\t.*' ''
or true
`;
