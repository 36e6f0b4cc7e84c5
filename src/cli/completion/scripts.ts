// What a shell reads once to complete our command lines: each asks the program itself, so that there is nothing to go stale.

/**
 * The protocol is cobra's, so that other scripts for it work: `berth __complete WORDS...` prints a line for each candidate, its
 * description behind a tab, and at last a colon with the sum of these bits.
 */
export const NO_FILES = 4;
export const FILES = 0;

const BASH = `# bash completion for berth; install as /usr/share/bash-completion/completions/berth, or: source <(berth completion bash)
_berth() {
  local line=\${COMP_LINE:0:COMP_POINT} word directive candidate
  local -a words=()
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  local current=\${words[-1]}
  COMPREPLY=()
  directive=:0
  while IFS= read -r candidate; do
    if [[ $candidate == :+([0-9]) ]]; then directive=$candidate; else COMPREPLY+=("\${candidate%%$'\\t'*}"); fi
  done < <("\${words[0]}" __complete "\${words[@]:1}" 2>/dev/null)
  if [[ $directive == :0 ]]; then
    while IFS= read -r candidate; do COMPREPLY+=("$candidate"); done < <(compgen -f -- "\${current#*=}")
    compopt -o filenames 2>/dev/null
  fi
  # bash replaces what stands behind the last of its break characters only
  word=\${current%"\${current##*[=:]}"}
  if [[ -n $word && $directive != :0 ]]; then COMPREPLY=("\${COMPREPLY[@]#"$word"}"); fi
}
shopt -s extglob
complete -F _berth berth
`;

const ZSH = `#compdef berth
# zsh completion for berth; install as _berth in a folder of $fpath, or: source <(berth completion zsh)
_berth() {
  local line directive=:0
  local -a candidates
  for line in "\${(@f)$("\${words[1]}" __complete "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    if [[ $line == :<-> ]]; then
      directive=$line
    elif [[ $line == *$'\\t'* ]]; then
      # a colon divides a candidate from its description
      candidates+=("\${\${line%%$'\\t'*}//:/\\\\:}:\${line#*$'\\t'}")
    elif [[ -n $line ]]; then
      candidates+=("\${line//:/\\\\:}")
    fi
  done
  (( $#candidates )) && _describe -V berth candidates
  [[ $directive == :0 ]] && _files
}
if [[ $funcstack[1] == _berth ]]; then _berth "$@"; else compdef _berth berth; fi
`;

const FISH = `# fish completion for berth; install as berth.fish in a folder of $fish_complete_path, or: berth completion fish | source
function __berth_complete
  set -l words (commandline -opc) (commandline -ct)
  set -l lines ($words[1] __complete $words[2..-1] 2>/dev/null)
  set -l directive $lines[-1]
  for line in $lines[1..-2]
    echo $line
  end
  if test "$directive" = :0
    __fish_complete_path (commandline -ct)
  end
end
complete -c berth -f -a '(__berth_complete)'
`;

export const SCRIPTS: Readonly<Record<string, string>> = { bash: BASH, fish: FISH, zsh: ZSH };
