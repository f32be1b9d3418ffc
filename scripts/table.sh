# shellcheck shell=bash
# Prints where everything is: one line per published address, how to see the passwords, and which market this is.
# Sourced after host.sh, never run.

# addresses: a line for each published port of the stack: service, the container's port, and the host's address with its port.
addresses() {
  docker ps --filter "label=$PROJECT_LABEL=$STACK_NAME" --filter label=com.docker.compose.oneoff=False \
    --format '{{.Label "com.docker.compose.service"}} {{.Ports}}' |
    awk '{
      for (place = 2; place <= NF; place++) {
        if (split($place, ends, "->") < 2) continue
        sub("/.*", "", ends[2])
        if (!seen[$1, ends[2]]++) print $1, ends[2], ends[1]
      }
    }'
}

row() {
  local address
  address=$(awk -v service="$2" -v port="$3" '$1 == service && $2 == port { print $3 }' <<<"$ADDRESSES")
  [ -z "$address" ] || printf '  %-14s http://%-24s %s\n' "$1" "$(reachable "${address%:*}"):${address##*:}$4" "$5"
}

# print_table: all of it, for the stack that host.sh has found.
print_table() {
  ADDRESSES=$(addresses) || true
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
}
