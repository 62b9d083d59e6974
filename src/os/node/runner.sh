# Runs one command at a node, in a session of its own, so that it can be found and ended by anybody who comes later. It
# notes what it does in the folder $base/$slot: `begun` (process and start time) before the command, `ended` after it.
# Its last word goes to standard error, behind the nonce.

IFS= read -r line && eval "$line" && IFS= read -r script || exit
script=$(printf '%b_' "$script")
script=${script%_}
dir=$base/$slot
exec 8<&0 9>&2

say() { printf '\n%s %s\n' "$nonce" "$*" >&9; }

# Whoever makes the folder has the place. One who looks for the command and does not find it takes the place, too: then
# the command will never begin.
if ! why=$(mkdir -m 700 "$dir" 2>&1); then
  say never "$why"
  exit
fi
# Somebody who did not know the place has found none: see `find_place`.
if [ -d "$base/shut.${slot%.*}" ] && [ -z "$anew" ]; then
  say never "it came too late"
  exit
fi

# The list in `boot` outlives its folder, so that a folder that is missing is not taken for a command that never began.
if [ ! -s "$base/boot" ] || ! echo "$slot" >>"$base/boot"; then
  rmdir "$dir"
  say never "the list of commands in $base cannot be written"
  exit
fi

# The first process of the session: the note of itself, of whoever waits for it and of where these numbers count, then the
# command in its place.
lead='
dir=$1 script=$2 namespace=$3 began=0 runner=0
if IFS= read -r stat 2>/dev/null </proc/$$/stat; then
  set -- ${stat##*") "}
  runner=$2
  shift 19
  began=$1
fi
HANDOVER_COMMAND=$dir/
export HANDOVER_COMMAND
echo "$$ $began $runner $namespace" >"$dir/begun" && exec sh -c "$script"
exit 125'

# Ends the command when its time is over. Who makes the folder `over` says how it has ended.
watch() {
  trap 'kill "$nap"; exit' TERM
  sleep "$limit" &
  nap=$!
  wait "$nap"
  trap '' TERM
  mkdir "$dir/over" && finish "$pid"
}

body() {
  if [ "$input" ]; then
    setsid sh -c "$lead" handover "$dir" "$script" "$(namespace)" <&8 8<&- 9>&- &
  else
    setsid sh -c "$lead" handover "$dir" "$script" "$(namespace)" </dev/null 8<&- 9>&- &
  fi
  pid=$!
  exec >/dev/null 2>&1
  if [ "$limit" ]; then
    watch 8<&- 9>&- &
    timer=$!
  fi
  wait "$pid"
  code=$?
  word=ended
  if [ "$limit" ]; then
    if mkdir "$dir/over"; then
      kill "$timer"
    else
      word=late
      wait "$timer" || word=stuck
    fi
  fi
  if [ -s "$dir/begun" ]; then
    echo "$word $code" >"$dir/ended"
    say "$word" "$code"
  else
    say never "it could not be noted in $dir"
  fi
}

# Passes output on. When nobody takes it any more it goes nowhere, so that a lost connection does not end the command.
relay() {
  trap '' PIPE
  cat 2>/dev/null || exec cat >/dev/null
}

{ { body 2>&1 >&7 7>&- | relay >&9 7>&- 8<&-; } 7>&1 | relay 8<&- 9>&-; }
