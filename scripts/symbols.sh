#!/usr/bin/env bash
# Lists the symbols that market data follows, after it has added or removed some.
# Usage: scripts/symbols.sh [ADD] [REMOVE]: symbols such as BTCTURK:SOLTRY, separated by commas or blanks
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

read -ra add <<<"${1//[,$'\n']/ }"
read -ra remove <<<"${2//[,$'\n']/ }"
use_stack
run() { docker compose exec -T marketdata python -m marketdata.cli symbols "$@"; }
if [ $((${#add[@]} + ${#remove[@]})) -gt 0 ]; then token=$(operator_token); fi
if [ "${#add[@]}" -gt 0 ]; then printf '%s\n' "$token" | run add -- "${add[@]}" >/dev/null; fi
if [ "${#remove[@]}" -gt 0 ]; then printf '%s\n' "$token" | run remove -- "${remove[@]}" >/dev/null; fi
run list </dev/null
