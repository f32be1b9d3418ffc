#!/usr/bin/env bash
# Brings the whole stack up, wherever this is, and ends only when the canary has proved that it works.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh
# shellcheck source=scripts/preflight.sh
. scripts/preflight.sh
# shellcheck source=scripts/watch.sh
. scripts/watch.sh

PROOF_SECONDS=120
# How long the live market may take to be reached before this says that it is not.
MARKET_SECONDS=15
export STARTED_AT
SPARK_GIT_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
export SPARK_GIT_COMMIT
WORK=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null; rm -rf "$WORK"' EXIT

bash scripts/engine.sh
find_engine
check_host
claim_project
bash scripts/images.sh "$WORK/missing"

services=()
while read -r service images; do
  if image=$(tr ' ' '\n' <<<"$images" | grep -xF -f "$WORK/missing"); then
    step "$service is left out: $image can't be pulled here and no package offers it; everything else starts without it"
  else
    services+=("$service")
  fi
done < <(docker compose config | awk '
  /^[a-z]/ { part = $1 }
  part == "services:" && /^  [a-z]/ { if (name) print name, images; name = $1; sub(":", "", name); images = "" }
  part == "services:" && /^    image: |^        BASE_IMAGE: / { images = images " " $2 }
  END { print name, images }')

step "building the service images"
patiently "building" "$WORK/build" docker compose build "${services[@]}" || {
  tail -n 40 "$WORK/build" >&2
  fail "the images can't be built"
}
step "starting ${#services[@]} containers and waiting until all are healthy"
start_and_watch "${services[@]}"

# unready_market: why the live market's data is not there; nothing when it is, or when the market is simulated.
unready_market() {
  [ "$SPARK_MARKET" = live ] || return 0
  docker compose exec -T marketdata python -c '
import json, urllib.error, urllib.request
try:
    answer = urllib.request.urlopen("http://127.0.0.1:5001/readyz", timeout=3)
except urllib.error.HTTPError as error:
    answer = error
print("; ".join(part["reason"] for part in json.load(answer)["parts"].values() if part["reason"]))' 2>/dev/null || true
}

step "asking the canary for its verdict"
# Bash's own clock of this script: the caller's, which a test run hands on, may have begun long ago.
asked_at=$SECONDS told=$SECONDS
until verdict=$(docker compose exec -T canary python -m canary.cli status 2>"$WORK/status"); do
  if [ $((SECONDS - asked_at)) -gt "$MARKET_SECONDS" ] && reason=$(unready_market) && [ -n "$reason" ]; then
    fail "the live market can't be reached: $reason" \
      "the stack runs and goes on trying; without a network: SPARK_MARKET=simulated in .env, then make up"
  fi
  if [ $((SECONDS - asked_at)) -gt "$PROOF_SECONDS" ] || ! engine_answers; then
    printf '%s\n' "$verdict" >&2
    cat "$WORK/status" >&2
    fail "every container is healthy, but the canary does not confirm that the stack works" "look: make status, make logs"
  fi
  if [ $((SECONDS - told)) -ge 10 ]; then
    told=$SECONDS
    step "not yet: $(cut -c 1-160 <<<"${verdict:-the canary does not answer}")"
  fi
  sleep 2
done
step "$verdict"
exec bash scripts/table.sh
