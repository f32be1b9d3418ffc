#!/usr/bin/env bash
# Acts on the feed of one venue. Usage: scripts/feed.sh resume BTCTURK|BIST
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

[ "${1:-}" = resume ] || fail "unknown: ${1:-nothing}" "usage: scripts/feed.sh resume BTCTURK|BIST"
[ -n "${2:-}" ] || fail "no venue is named" "usage: make feed-resume VENUE=BTCTURK"
use_stack
token=$(operator_token)
printf '%s\n' "$token" | docker compose exec -T marketdata python -m marketdata.cli feed resume -- "$2"
