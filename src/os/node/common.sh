# What the agent and the runner share: whether processes are there, and ending them. POSIX sh; on Linux a command's whole
# session counts, elsewhere its process group.

# Where process ids mean what they mean here, see pid_namespaces(7); empty where nobody can tell.
namespace() { readlink /proc/self/ns/pid 2>/dev/null; }

# The living processes of session $1, where /proc tells.
members() {
  members=
  for file in $(grep -l ") [^ZX] [0-9]* [0-9]* $1 " /proc/[0-9]*/stat 2>/dev/null); do
    file=${file#/proc/}
    members="$members ${file%/stat}"
  done
}

# The living processes that bear the mark of the command in $dir, wherever they have gone.
marked() {
  marked=
  for file in $(LC_ALL=C grep -lF "HANDOVER_COMMAND=$dir/" /proc/[0-9]*/environ 2>/dev/null); do
    file=${file#/proc/}
    marked="$marked ${file%/environ}"
  done
}

# Whether nothing of session $1 is left. A zombie is nothing; a process of somebody else is something.
over() {
  members "$1"
  [ -z "$members" ] || return 1
  case $( (LC_ALL=C; kill -s 0 -- "-$1") 2>&1) in
    *ermitted*) return 1 ;;
    *'o such process'*) return 0 ;;
    *) [ -r /proc/self/stat ] ;;
  esac
}

# Sends a signal to everything in session $1, and to what has left it.
strike() {
  members "$1"
  marked
  # shellcheck disable=SC2086
  kill -s "$2" -- "-$1" $members $marked 2>/dev/null
}

# Waits for a tenth of a second, or for a second where sleep(1) knows no parts of one; `tenths` says which.
tenths=
pause() {
  case $tenths in
    1) sleep 0.1 ;;
    10) sleep 1 ;;
    *) if sleep 0.1 2>/dev/null; then tenths=1; else tenths=10; sleep 1; fi ;;
  esac
}

# Tenths of a second since the machine was started into `now`; fails where /proc does not tell.
clock() {
  { read -r now rest </proc/uptime; } 2>/dev/null || return
  now=${now%.*}${now#*.}
  now=${now%?}
}

# Ends the command in $dir, session $1: asks, waits, kills. Fails if something is still there or nobody can tell. Looking
# takes its time, too, where there are many processes or all are slow.
finish() {
  strike "$1" TERM
  strike "$1" CONT
  passed=0
  if clock; then from=$now; else from=; fi
  until over "$1" && marked && [ -z "$marked" ]; do
    [ "$passed" -lt "${grace}0" ] || strike "$1" KILL
    [ "$passed" -lt $((grace * 10 + 50)) ] || return 1
    pause
    passed=$((passed + tenths))
    [ -z "$from" ] || ! clock || passed=$((now - from))
  done
  [ -r /proc/self/environ ]
}
