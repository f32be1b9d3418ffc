#!/usr/bin/env bash
# Opens the running console in this machine's own browser and says whether a user sees a live page.
# Exits 0, 1 or 2: PASS, FAIL or INCONCLUSIVE. The picture and the values go to evidence/.
# Usage: scripts/page.sh [SECONDS [BROWSER]]: the longest wait, and the program to use
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

# inconclusive TEXT: nothing could be looked at.
inconclusive() {
  printf 'INCONCLUSIVE: %s\n' "$1" >&2
  exit 2
}

# An error before the look says nothing of the page, so it must not end with 1, which is FAIL.
trap '[ $? -eq 0 ] || exit 2' EXIT

have python3 || inconclusive "Python 3.9 or newer is needed and there is no python3 here: install it"
python3 -c 'import sys; sys.exit(sys.version_info < (3, 9))' || inconclusive "Python 3.9 or newer is needed, and python3 is older"
options=()
if [ -n "${1:-}" ]; then
  if ! is_number "$1" || [ "$1" -lt 1 ] || [ "$1" -gt 600 ]; then fail "WAIT=$1: must be a number of seconds from 1 to 600"; fi
  options+=(--seconds "$1")
fi
if [ -n "${2:-}" ]; then
  have "$2" || fail "CHROME=$2: there is no such program"
  options+=(--browser "$2")
fi
use_stack
[ "$SPARK_TLS" != on ] || inconclusive "with SPARK_TLS=on the page can't be looked at by this command: it can't make the browser trust the stack's own certificate. Open it yourself"
[ "$SPARK_READ_TOKEN" != on ] || inconclusive "with SPARK_READ_TOKEN=on the page can't be looked at by this command: it gives the browser no token. Open it yourself"
gateway=$(docker ps --quiet --filter "label=$PROJECT_LABEL=$STACK_NAME" --filter label=com.docker.compose.service=gateway \
  --filter label=com.docker.compose.oneoff=False)
[ -n "$gateway" ] || inconclusive "the stack $STACK_NAME does not run: make up"
address=$(docker port "$gateway" 3003/tcp 2>/dev/null | head -n 1) || true
[ -n "$address" ] || inconclusive "the gateway publishes no port of the console: make status"

# The browser's profile is in here, so that it goes even when the program is killed.
TMPDIR=$(mktemp -d)
export TMPDIR
trap 'rm -rf "$TMPDIR"' EXIT
status=0
PYTHONDONTWRITEBYTECODE=1 python3 -m canary.page "http://$(reachable "${address%:*}"):${address##*:}/" evidence ${options[@]+"${options[@]}"} || status=$?
exit "$status"
