#!/usr/bin/env bash
# The secrets of the receivers of alerts and of the outside heartbeat, and a test of all receivers. Usage: scripts/receivers.sh secret RECEIVER | test
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

use_stack
case ${1:-} in
  secret)
    case ${2:-} in
      email | slack | pagerduty | telegram | jira | teams | webhook) where="$2 is in SPARK_RECEIVERS; if you add it" ;;
      heartbeat) where="SPARK_HEARTBEAT is on; if you set it" ;;
      *) fail "no receiver is called '${2:-}': RECEIVER must be email, slack, pagerduty, telegram, jira, teams, webhook or heartbeat" ;;
    esac
    # It is read here, whether typed or piped, so that it is in no list of processes.
    if [ -t 0 ]; then
      read -r -s -p "secret of $2: " secret
      echo >&2
    else
      IFS= read -r secret || [ -n "$secret" ] || fail "there is no secret on standard input"
    fi
    printf '%s\n' "$secret" | docker compose --progress quiet run --rm --no-deps --no-TTY init python -m init.receivers secret "$2" ||
      fail "the secret of $2 is not changed"
    # The next start reads the settings again, and this file with them.
    rm -f .built
    step "messages use it from now on when $where there now, run make up"
    ;;
  test)
    docker compose exec -T alertmanager /etc/alertmanager/page-test || fail "not every message arrived" "does the stack run? make status"
    ;;
  *) fail "unknown: ${1:-nothing}" "usage: scripts/receivers.sh secret RECEIVER | test" ;;
esac
