#!/usr/bin/env bash
# What the short make commands do with this checkout's stack. Usage: scripts/compose.sh down|status|logs|clean [SERVICE]
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh
# shellcheck source=scripts/sides.sh
. scripts/sides.sh
# shellcheck source=scripts/table.sh
. scripts/table.sh

# drop_former_networks: those that an older version of the stack had. Compose removes only what its file names.
drop_former_networks() {
  local network
  docker network ls --quiet --filter "label=$PROJECT_LABEL=$STACK_NAME" | while read -r network; do
    docker network rm "$network" >/dev/null || true
  done
}

use_stack
case ${1:-} in
  # Every container under the stack's name is this checkout's: use_stack has made sure of it.
  down)
    drop_sides
    docker compose down --remove-orphans
    drop_former_networks
    ;;
  clean)
    drop_sides
    docker compose down --volumes --remove-orphans --rmi local
    drop_former_networks
    ;;
  logs) docker compose logs --follow --tail 100 -- ${2:+"$2"} ;;
  status)
    docker compose ps --all --format 'table {{.Service}}\t{{.Status}}'
    docker compose exec -T canary python -m canary status || true
    echo
    docker compose exec -T canary python -m canary versions || true
    print_table
    ;;
  *) fail "unknown: ${1:-nothing}" "usage: scripts/compose.sh down|status|logs|clean" ;;
esac
