import { type CommandSpec, SCOPE_FLAGS } from './command-tree.ts';
import { buildShellCases } from './shell-cases.ts';

/** @returns a script for zsh, to be sourced, or put into a folder of $fpath as `_assent`. */
export function renderZsh(commands: readonly CommandSpec[], programs: readonly string[]): string {
  const cases = buildShellCases(commands, {
    words: (words) =>
      `offers=(${words.map(({ word, description }) => quote(description ? `${word}:${description}` : word)).join(' ')})`,
    versions: `((given == 0)) && offers=(\${(f)"$($words[1] list --output name $scope 2>/dev/null)"})`,
    files: '_files',
  });
  return `#compdef ${programs.join(' ')}
# Completion for zsh: source <(${programs[0]} completion zsh)
_assent() {
  local current=$words[CURRENT] command='' option='' word
  local -a scope offers
  local -i i given=0
  for ((i = 2; i < CURRENT; i++)); do
    word=$words[i]
    if [[ -n $option ]]; then
      case $option in (${SCOPE_FLAGS.join('|')}) scope+=($option $word) ;; esac
      option=''
    elif [[ $word == -* ]]; then
      case "$command $word" in
      ${cases.valued}) option=$word ;;
      esac
    else
      case "$command $word" in
      ${cases.commands}) command=\${command:+$command }$word ;;
      *) ((given++)) ;;
      esac
    fi
  done
  if [[ $current == --*=* ]]; then
    option=\${current%%=*}
    compset -P '*='
  fi
  if [[ -n $option ]]; then
    case "$command $option" in
${cases.values}    esac
  elif [[ $current == -* ]]; then
    case $command in
${cases.options}    esac
  else
    case $command in
${cases.arguments}    esac
  fi
  (($#offers)) || return
  if [[ -z $option && $current == -* ]]; then _describe -o option offers; else _describe value offers; fi
}
if [[ $funcstack[1] == _assent ]]; then
  _assent "$@"
else
  compdef _assent ${programs.join(' ')}
fi
`;
}

/** A colon in a description would end the word before it. */
function quote(text: string): string {
  const [word = '', ...description] = text.split(':');
  const escaped = [word, ...(description.length > 0 ? [description.join('\\:')] : [])].join(':');
  return `'${escaped.replaceAll("'", `'\\''`)}'`;
}
