# Completion of `sluice` for bash: commands, their options, and the names of queues.
# Load it with:  source <(sluice completion)

# Queues that the server knows, for the word being completed; silent and quick when it cannot be reached.
_sluice_queues() {
  local word=$1 program=$2 space=default prefix=
  shift 2
  if [[ $word == */* ]]; then
    space=${word%%/*}
    prefix=$space/
  fi
  command "$program" "$@" --connect-timeout 500ms list --names --namespace "$space" 2>/dev/null |
    while IFS= read -r name; do printf '%s%s\n' "$prefix" "$name"; done
}

# The long options that `sluice COMMAND --help` shows.
_sluice_options() {
  command "$@" --help 2>/dev/null | grep -oE -- '--[a-z][a-z-]*' | sort -u
}

_sluice() {
  local commands="put get done fail release extend peek create update delete list describe stats pause resume purge join shutdown reopen worker backup bench status ping completion"
  local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} program=${COMP_WORDS[0]}
  local command= i options=()
  for ((i = 1; i < COMP_CWORD; ++i)); do
    case ${COMP_WORDS[i]} in
      --address)
        # Readline splits HOST:PORT at the colon.
        local address=${COMP_WORDS[i + 1]}
        if [[ ${COMP_WORDS[i + 2]} == : ]]; then address+=:${COMP_WORDS[i + 3]}; fi
        options+=(--address "$address")
        ;;
      -*) ;;
      *) if [[ -z $command && " $commands " == *" ${COMP_WORDS[i]} "* ]]; then command=${COMP_WORDS[i]}; fi ;;
    esac
  done

  COMPREPLY=()
  case $before in
    --file | --file-lines) mapfile -t COMPREPLY < <(compgen -f -- "$word") && return ;;
    --order) mapfile -t COMPREPLY < <(compgen -W "fifo lifo priority" -- "$word") && return ;;
    --durability) mapfile -t COMPREPLY < <(compgen -W "memory async fsync" -- "$word") && return ;;
    --exec) mapfile -t COMPREPLY < <(compgen -c -- "$word") && return ;;
  esac
  if [[ $word == -* ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$(_sluice_options "$program" $command)" -- "$word")
  elif [[ -z $command ]]; then
    mapfile -t COMPREPLY < <(compgen -W "$commands" -- "$word")
  elif [[ $before == "$command" || $command == join ]]; then
    case $command in
      worker | backup | bench | status | ping | completion) ;;
      *) mapfile -t COMPREPLY < <(compgen -W "$(_sluice_queues "$word" "$program" "${options[@]}")" -- "$word") ;;
    esac
  fi
}

complete -F _sluice sluice
