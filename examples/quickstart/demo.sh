#!/bin/sh
# demo.sh [HANDOVER [sh]]: a web service moves from one node to another while a client keeps asking. The plan is run by
# HANDOVER itself, or with `sh` by the script that it makes of the plan.
# Needs python3. Everything happens in a temporary folder and on a free port of the loopback; nothing is left behind.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
handover=${1:-handover}
case $handover in
  */*) handover=$(CDPATH='' cd -- "$(dirname -- "$handover")" && pwd)/$(basename -- "$handover") ;;
esac

QUICKSTART_STATE=$(mktemp -d "${TMPDIR:-/tmp}/handover-demo.XXXXXX")
client=
# shellcheck disable=SC2317  # called by the trap
clean_up() {
  status=$?
  trap - EXIT HUP INT TERM
  if [ -n "$client" ]; then kill "$client" 2>/dev/null || :; fi
  ./on a web kill || :
  ./on b web kill || :
  rm -rf "$QUICKSTART_STATE"
  exit "$status"
}
cd "$here"
trap clean_up EXIT
trap 'exit 130' HUP INT TERM
QUICKSTART_PORT=$(./web free-port)
export QUICKSTART_STATE QUICKSTART_PORT

say() { printf '\n# %s\n' "$*"; }
show() { printf '$ handover %s\n' "$*"; "$handover" "$@"; }

say "node a serves port $QUICKSTART_PORT of the loopback; a client keeps asking"
./on a web start
./on watch client >"$QUICKSTART_STATE/seen" &
client=$!
sleep 1

say "is the plan sound?"
show check plan.ha
say "what will happen?"
show plan plan.ha handover
say "hand the service over"
if [ "${2-}" = sh ]; then
  show build plan.ha handover --emit sh -o "$QUICKSTART_STATE/handover.sh"
  printf '$ sh handover.sh\n'
  HANDOVER_DIR=$here sh "$QUICKSTART_STATE/handover.sh" --state "$QUICKSTART_STATE/runs"
else
  show run plan.ha handover --yes --state "$QUICKSTART_STATE/runs"
fi
sleep 1

say "what the client saw"
kill "$client"
seen=0
wait "$client" || seen=$?
client=
cat "$QUICKSTART_STATE/seen"
exit "$seen"
