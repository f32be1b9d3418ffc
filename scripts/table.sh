# shellcheck shell=bash
# Prints where everything is: one line per published address, how to see the passwords, and which market this is.
# Sourced after host.sh, never run.

# addresses: a line for each published port: the gateway's port, and the host's address with its port.
addresses() {
  local gateway
  gateway=$(docker ps --quiet --filter "label=$PROJECT_LABEL=$STACK_NAME" --filter label=com.docker.compose.service=gateway \
    --filter label=com.docker.compose.oneoff=False)
  docker port "$gateway" | sed -n 's|^\([0-9]*\)/tcp -> |\1 |p'
}

# runs SERVICE: true when the stack has a container of it; what can't be pulled is left out.
runs() { [ -n "$(docker ps --quiet --filter "label=$PROJECT_LABEL=$STACK_NAME" --filter "label=com.docker.compose.service=$1")" ]; }

row() {
  local address
  address=$(awk -v port="$2" '$1 == port { print $2; exit }' <<<"$ADDRESSES")
  [ -z "$address" ] || printf '  %-14s %-31s %s\n' "$1" "$SCHEME://$(reachable "${address%:*}"):${address##*:}$3" "$4"
}

# print_table: all of it, for the stack that host.sh has found.
print_table() {
  local SCHEME=http${SPARK_TLS:+s}
  ADDRESSES=$(addresses) || true
  echo
  row console 3003 / "live market, orders, risk, canary card, alert inbox"
  row marketdata 5001 /v1/quotes "quotes, books, trades, stream"
  row executor-1 4001 /v1/orders "orders and the ledger"
  row executor-2 4002 /v1/orders "the same ledger, the other executor"
  row canary 6001 /v1/status "the verdict and its evidence"
  row prometheus 9090 / "metrics and rules"
  row alertmanager 9093 / "alert routing"
  if runs grafana; then row grafana 3000 / "dashboards"; fi
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
}
