#!/usr/bin/env bash
# Shows the generated secrets that people need: the operator's token and Grafana's first password.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

show() {
  local secret
  secret=$(docker compose exec -T "$2" cat "$3" 2>/dev/null) || { printf '%-16s (%s does not run)\n' "$1" "$2"; return 0; }
  printf '%-16s %s\n' "$1" "$secret"
}

use_stack
show "operator token" executor-1 /run/secrets/spark-operator/token
show "grafana admin" grafana /run/secrets/spark-grafana/admin_password
