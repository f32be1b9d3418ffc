#!/usr/bin/env bash
# Stops and starts this checkout's stack again and again, and prints how long each start took and how it ended.
# Usage: scripts/up_tries.sh [TIMES] (6). Exit 1 when a start failed. Data and secrets stay.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

times=${1:-6}
if ! is_number "$times" || [ "$times" -eq 0 ]; then fail "not a number of times: $times" "usage: scripts/up_tries.sh [TIMES]"; fi
log=$(mktemp)
trap 'rm -f "$log"' EXIT
failed=0 slowest=0

for ((try = 1; try <= times; try++)); do
  make --no-print-directory down >"$log" 2>&1 || fail "make down failed in try $try" "$(tail -n 1 "$log")"
  began=$SECONDS verdict=ok
  make --no-print-directory up >"$log" 2>&1 || verdict="failed: $(grep -E '^(error|make):' "$log" | head -n 1)"
  took=$((SECONDS - began))
  case $verdict in ok) ;; *) failed=$((failed + 1)) ;; esac
  if [ "$took" -gt "$slowest" ]; then slowest=$took; fi
  step "try $try of $times: $took s, $verdict; $(grep -oE '(PASS|FAIL|INCONCLUSIVE).*' "$log" | tail -n 1 | cut -c 1-120)"
done
step "$times tries: $failed failed, the slowest took $slowest s"
[ "$failed" -eq 0 ]
