#!/usr/bin/env bash
# Lists the tapes of marketdata; with OUT cuts a span out of them into that file. Usage: scripts/tape.sh [OUT [FROM [TO]]]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

out=${1:-} from=${2:-} to=${3:-}
if [ -z "$out" ] && [ -n "$from$to" ]; then fail "no file is named for the span" "usage: make tape FROM=15m OUT=bug.tape.gz"; fi
case $out in '' | *.tape.gz) ;; *) fail "$out: must end in .tape.gz" ;; esac
[ -z "$out" ] || [ ! -e "$out" ] || fail "$out is there already" "a tape is never written over: name another file"

tapes() { docker compose exec -T marketdata python -m marketdata.tape.cli "$@"; }

use_stack
if [ -z "$out" ]; then
  tapes list || fail "the tapes can't be listed" "does marketdata run? make status"
  exit
fi
umask 077
partial=$(mktemp "$(dirname -- "$out")/.partial-XXXXXX")
trap 'rm -f -- "$partial"' EXIT
tapes cut -- "$from" "$to" >"$partial" || fail "nothing was cut out" "is SPARK_TAPE=on? make tape lists what there is"
mv -n -- "$partial" "$out"
echo "$out"
