import { type CommandSpec, SCOPE_FLAGS } from './command-tree.ts';
import { buildShellCases } from './shell-cases.ts';

/** @returns a script for bash 4 and later. It expands nothing that the cluster answers. */
export function renderBash(commands: readonly CommandSpec[], programs: readonly string[]): string {
  const cases = buildShellCases(commands, {
    words: (words) => `words=$'${words.map(({ word }) => word).join('\\n')}'`,
    versions: `((given == 0)) && words=$("\${COMP_WORDS[0]}" list --output name "\${scope[@]}" 2>/dev/null)`,
    files: 'compopt -o default',
  });
  return `# Completion for bash: source <(${programs[0]} completion bash)
_assent() {
  local current=\${COMP_WORDS[COMP_CWORD]} command='' option='' words='' word i given=0
  local -a scope=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    word=\${COMP_WORDS[i]}
    # --output=json comes as three words.
    [[ $word == '=' ]] && continue
    if [[ -n $option ]]; then
      case $option in ${SCOPE_FLAGS.join('|')}) scope+=("$option" "$word") ;; esac
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
  [[ $current == '=' ]] && current=''
  COMPREPLY=()
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
  while IFS= read -r word; do
    [[ -n $word && $word == "$current"* ]] && COMPREPLY+=("$word")
  done <<<"$words"
}
complete -F _assent ${programs.join(' ')}
`;
}
