#!/usr/bin/env bash
# Starts the stack anew on a tape: the simulated venue plays it, and everything else runs as always. Usage: scripts/replay.sh TAPE [SPEED]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh
# shellcheck source=scripts/table.sh
. scripts/table.sh

file=${1:-} speed=${2:-1}
name=${file##*/}
[ -n "$file" ] || fail "no tape is named" "usage: make replay TAPE=bug.tape.gz SPEED=10"
[ -f "$file" ] || fail "there is no file $file"
[[ $speed =~ ^[0-9]+(\.[0-9]+)?$ ]] || fail "SPEED=$speed: must be a number above 0"

tapes() { docker compose exec -T marketdata python -m marketdata.tape.cli "$@"; }

use_stack
mapfile -t services < <(docker compose ps --all --services)
[ ${#services[@]} -gt 0 ] || fail "there is no stack yet" "start it first: make up"
# shellcheck disable=SC2094 # the name is of a copy in the container
path=$(tapes keep -- "$name" <"$file") || fail "$file can't be played" "does marketdata run? make status"
settings=$(tapes settings -- "$name") || fail "$file has no settings"
while read -r setting; do export "${setting?}"; done <<<"$settings"

export SPARK_VENUE_TAPE=$path SPARK_REPLAY_SPEED=$speed SPARK_MARKET=simulated SPARK_TAPE=off
# Paper orders on yesterday's prices have an account of their own.
export SPARK_ACCOUNT=replay
# The addresses are those of the simulated venue, whatever .env says.
export SPARK_BTCTURK_WS_URL='' SPARK_BTCTURK_REST_URL='' SPARK_BTCTURK_CHART_URL=''
export SPARK_ALGOLAB_WS_URL='' SPARK_ALGOLAB_REST_URL='' SPARK_ALGOLAB_SMS_URL='' SPARK_ALGOLAB_SESSION_FILE=''

step "starting ${#services[@]} containers on $name, $speed times as fast as it was recorded"
docker compose up --detach --force-recreate "${services[@]}" || fail "the stack did not start" "look: make status"
print_table
echo "  this is a replay; back to the market: make up"
