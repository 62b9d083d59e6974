# shellcheck shell=sh
# What the stand-ins of the vendors' commands share. Sourced with the example's folder as the working directory.
#
# The world is a folder of small files: $LAB_STATE, or lab/state beside the plan.
#   world/KEY       one value: `up` for node.ec1, `ec1` for pool.xvm
#   faults/NAME     a fault that is switched on; faults/NAME#1, NAME#2 … one that strikes so many times
#   log             one line for every command that changed something: NODE COMMAND ARGUMENTS
# A node is `up`, `down`, or `unreachable`: it runs, but nobody gets there.

state=${LAB_STATE:-lab/state}

# get KEY [DEFAULT]: prints a value.
get() {
  if [ -e "$state/world/$1" ]; then cat "$state/world/$1"; else printf '%s\n' "${2-}"; fi
}

# put KEY VALUE: sets a value, at once as seen by others.
put() {
  printf '%s\n' "$2" >"$state/world/$1.$$" && mv "$state/world/$1.$$" "$state/world/$1"
}

# each KEY-PREFIX: prints the rest of every key that begins so.
each() {
  for each_file in "$state/world/$1"*; do
    [ ! -e "$each_file" ] || printf '%s\n' "${each_file#"$state/world/$1"}"
  done
}

# is_up NODE: whether it runs, reachable or not.
is_up() {
  case $(get "node.$1" up) in down) return 1 ;; esac
}

# is_reachable NODE: whether it runs and somebody gets there.
is_reachable() {
  [ "$(get "node.$1" up)" = up ]
}

# fault NAME: whether this fault strikes now. Each file is one strike, and is taken by one process only.
fault() {
  [ ! -e "$state/faults/$1" ] || return 0
  for fault_strike in "$state/faults/$1#"*; do
    rm "$fault_strike" 2>/dev/null && return 0
  done
  return 1
}

# did WORDS: notes that something was changed.
did() {
  echo "${LAB_NODE:-operator} $*" >>"$state/log"
}

# fail MESSAGE [CODE]
fail() {
  echo "$1" >&2
  exit "${2:-1}"
}
