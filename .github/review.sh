#!/bin/sh
# The steps of action.yml: lays out, checks, tests and reviews the plans, and ends with 1 if anything is wrong.
#
# Reads HANDOVER (the binary), HANDOVER_PATHS and HANDOVER_BASE, and of what GitHub sets for every step GITHUB_BASE_REF,
# GITHUB_OUTPUT, GITHUB_STEP_SUMMARY and RUNNER_TEMP.
set -u

handover=${HANDOVER:-handover}
out=$(mktemp -d "${RUNNER_TEMP:-${TMPDIR:-/tmp}}/handover.XXXXXX") || exit 1
failed=0

# What a plan says must not be taken for a command to the runner: commands are off while others' words are printed.
token=$(od -An -N16 -tx1 /dev/urandom | tr -d ' \n')
section() {
  echo "::group::$1"
  echo "::stop-commands::$token"
}
end() {
  echo "::$token::"
  echo "::endgroup::"
}

# The paths are separated by blanks.
set -f
# shellcheck disable=SC2086
set -- ${HANDOVER_PATHS:-.}
set +f

command -v "$handover" >/dev/null || {
  echo "::error title=handover::there is no \`$handover\` here: install it before this step, or name it by the input \`handover\`"
  exit 1
}

section "handover fmt --check"
"$handover" fmt --check "$@" || failed=1
end

section "handover check"
"$handover" check "$@" || failed=1
end
"$handover" check --format sarif "$@" >"$out/handover.sarif"
"$handover" check --format github "$@"

section "handover test"
"$handover" test "$@" || failed=1
end
"$handover" test --format junit "$@" >"$out/tests.xml"

# The revision before a push that makes a branch has only zeros.
base=${HANDOVER_BASE:-}
case $base in *[!0]*) ;; *) base= ;; esac
[ -n "$base" ] || base=${GITHUB_BASE_REF:+origin/$GITHUB_BASE_REF}
verdict=
if [ -n "$base" ]; then
  "$handover" review --base "$base" --format markdown "$@" >"$out/comment.md" 2>"$out/refused" || failed=1
  if [ -s "$out/comment.md" ]; then
    verdict=$("$handover" review --base "$base" --format json "$@" | sed -n 's/^  "verdict": "\([a-z]*\)",$/\1/p')
    cat "$out/comment.md" >>"${GITHUB_STEP_SUMMARY:-/dev/null}"
  else
    section "handover review"
    cat "$out/refused"
    end
    echo "::error title=handover review::there is nothing to compare with; the log of this step says why"
  fi
fi

{
  echo "verdict=$verdict"
  [ ! -s "$out/comment.md" ] || echo "comment=$out/comment.md"
  echo "sarif=$out/handover.sarif"
  echo "junit=$out/tests.xml"
} >>"${GITHUB_OUTPUT:-/dev/null}"
exit "$failed"
