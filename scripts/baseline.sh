#!/usr/bin/env bash
# Sets the moment from which restarts are judged, or shows it. Usage: scripts/baseline.sh [BY WHY]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

by=${1:-} why=${2:-}
if [ -n "$why" ] && [ -z "$by" ]; then fail "nobody is named" "usage: make baseline BY=Ada WHY='disk replaced'"; fi
if [ -n "$by" ] && [ -z "$why" ]; then fail "no reason is given" "usage: make baseline BY=Ada WHY='disk replaced'"; fi
use_stack
run() { docker compose exec -T canary python -m canary baseline "$@" </dev/null; }
if [ -n "$by" ]; then run set "--by=$by" "--why=$why"; else run show; fi
