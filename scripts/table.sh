#!/usr/bin/env bash
# Prints where everything is: one line per published address, how to see the passwords, and which market this is.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

row() {
  local address
  address=$(docker compose port "$2" "$3" 2>/dev/null | head -n 1) || true
  [ -z "$address" ] || printf '  %-14s http://%-24s %s\n' "$1" "$(reachable "${address%:*}"):${address##*:}$4" "$5"
}

use_stack
echo
row console web 3003 / "live market, orders, risk, canary card, alert inbox"
row marketdata marketdata 5001 /v1/quotes "quotes, books, trades, stream"
row executor-1 executor-1 4001 /v1/orders "orders and the ledger"
row executor-2 executor-2 4001 /v1/orders "the same ledger, the other executor"
row canary canary 6001 /v1/status "the verdict and its evidence"
row prometheus prometheus 9090 / "metrics and rules"
row alertmanager alertmanager 9093 / "alert routing"
row grafana grafana 3000 / "dashboards"
echo
echo "  passwords: make secrets        evidence package: make evidence        stop: make down"
case $SPARK_BIND in
  0.0.0.0 | ::) echo "  every port is open on all addresses of this machine (SPARK_BIND=$SPARK_BIND)" ;;
esac
if [ "$(docker compose exec -T canary printenv SPARK_MARKET 2>/dev/null)" = live ]; then
  echo "  market: LIVE (paper trading only)"
else
  echo "  market: SIMULATED"
fi
