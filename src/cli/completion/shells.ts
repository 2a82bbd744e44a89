/** A shell, what it runs to complete, and where that goes. */
interface Completing {
  readonly script: string;
  /** The line that installs it for one person. */
  readonly put: string;
  /** Where a package of the system puts it. */
  readonly system: string;
}

/*
 * Each asks `pgdeck complete -- WORD…` with the words up to the cursor, the last of them the one that is being typed, and
 * gets a line for each word that it can be: the word, and behind a tab what it is. A line of a colon asks for files
 * instead (`:file`, `:directory`). What pgdeck says on stderr is nobody's at a prompt.
 */

const bash = String.raw`# completion of pgdeck for bash
_pgdeck() {
  local cur words cword line value
  if declare -F _get_comp_words_by_ref >/dev/null; then
    # = and : do not end a word
    _get_comp_words_by_ref -n =: cur words cword
  else
    cur=$2 cword=$COMP_CWORD words=("\${COMP_WORDS[@]}")
  fi
  COMPREPLY=()
  while IFS= read -r line; do
    case $line in
      :file) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -f -- "$cur")) ;;
      :directory) compopt -o filenames 2>/dev/null; COMPREPLY+=($(compgen -d -- "$cur")) ;;
      *)
        value=\${line%%$'\t'*}
        [[ $value == "$cur"* ]] && COMPREPLY+=("$(printf %q "$value")")
        ;;
    esac
  done < <("\${words[0]}" complete -- "\${words[@]:1:cword}" 2>/dev/null)
  # a value may go on behind the sign
  [[ \${#COMPREPLY[@]} -eq 1 && \${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
  if declare -F __ltrim_colon_completions >/dev/null; then __ltrim_colon_completions "$cur"; fi
}
complete -F _pgdeck pgdeck
`.replaceAll('\\$', '$');

const zsh = String.raw`#compdef pgdeck
# completion of pgdeck for zsh
_pgdeck() {
  local line
  local -a values shown
  for line in "\${(@f)$(\${words[1]} complete -- "\${(@)words[2,CURRENT]}" 2>/dev/null)}"; do
    case $line in
      '') ;;
      :file) _files ;;
      :directory) _files -/ ;;
      *)
        values+=("\${line%%$'\t'*}")
        shown+=("\${line/$'\t'/  -- }")
        ;;
    esac
  done
  (( \${#values} )) && compadd -l -d shown -a values
}
if [[ $funcstack[1] == _pgdeck ]]; then _pgdeck "$@"; else compdef _pgdeck pgdeck; fi
`.replaceAll('\\$', '$');

const fish = String.raw`# completion of pgdeck for fish
function __pgdeck_complete
    set -l words (commandline -opc) (commandline -ct)
    for line in ($words[1] complete -- $words[2..-1] 2>/dev/null)
        switch $line
            case ':file'
                __fish_complete_path (commandline -ct)
            case ':directory'
                __fish_complete_directories (commandline -ct)
            case '*'
                printf '%s\n' $line
        end
    end
end
complete -c pgdeck -f -a '(__pgdeck_complete)'
`;

export const SHELLS = {
  bash: {
    script: bash,
    put: 'bash: pgdeck completion bash > ~/.local/share/bash-completion/completions/pgdeck',
    system: '/usr/share/bash-completion/completions/pgdeck',
  },
  zsh: {
    script: zsh,
    put: 'zsh:  pgdeck completion zsh > ~/.zfunc/_pgdeck   (with fpath+=(~/.zfunc) before compinit)',
    system: '/usr/share/zsh/vendor-completions/_pgdeck',
  },
  fish: {
    script: fish,
    put: 'fish: pgdeck completion fish > ~/.config/fish/completions/pgdeck.fish',
    system: '/usr/share/fish/vendor_completions.d/pgdeck.fish',
  },
} as const satisfies Readonly<Record<string, Completing>>;

export type Shell = keyof typeof SHELLS;
