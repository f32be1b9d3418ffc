#!/usr/bin/env bash
# The two steps that only a person can take for Borsa Istanbul's feed. Usage: scripts/bist.sh credentials|login
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

ask() {
  local answer
  read -r ${3:+-s} -p "$2: " answer
  [ -z "${3:-}" ] || echo >&2
  printf -v "$1" '%s' "$answer"
}

market_cli() { docker compose exec -T marketdata python -m marketdata.cli "$@"; }

use_stack
case ${1:-} in
  credentials)
    ask key "API key (API-…)"
    ask username "user name"
    ask password "password" hidden
    # shellcheck disable=SC2154 # ask sets them
    printf '%s\n%s\n%s\n' "$key" "$username" "$password" | in_init bist
    # The next start reads the settings again, these files with them.
    rm -f .built
    if [ "$SPARK_MARKET" = live ]; then
      docker compose up --detach --no-deps --force-recreate marketdata
    else
      echo "kept for the live market: SPARK_MARKET=live in .env, then make up"
    fi
    ;;
  login)
    if state=$(market_cli bist status </dev/null); then
      echo "$state; there is nothing to do"
      exit
    fi
    token=$(operator_token)
    printf '%s\n' "$token" | market_cli bist login
    ask code "Code from the text message" hidden
    # shellcheck disable=SC2154 # ask sets it
    printf '%s\n%s\n' "$token" "$code" | market_cli bist code
    ;;
  *) fail "unknown: ${1:-nothing}" "usage: scripts/bist.sh credentials|login" ;;
esac
