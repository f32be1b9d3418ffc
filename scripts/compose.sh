#!/usr/bin/env bash
# What the short make commands do with this checkout's stack. Usage: scripts/compose.sh down|status|logs|clean [SERVICE]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh
# shellcheck source=scripts/table.sh
. scripts/table.sh

use_stack
case ${1:-} in
  # Every container under the stack's name is this checkout's: use_stack has made sure of it.
  down) docker compose down --remove-orphans ;;
  clean) docker compose down --volumes --remove-orphans --rmi local ;;
  logs) docker compose logs --follow --tail 100 -- ${2:+"$2"} ;;
  status)
    docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
    docker compose exec -T canary python -m canary.cli status || true
    echo
    docker compose exec -T canary python -m canary.cli versions || true
    print_table
    ;;
  *) fail "unknown: ${1:-nothing}" "usage: scripts/compose.sh down|status|logs|clean" ;;
esac
