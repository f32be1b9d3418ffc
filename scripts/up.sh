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
# shellcheck source=scripts/build.sh
. scripts/build.sh
# shellcheck source=scripts/settings.sh
. scripts/settings.sh
# shellcheck source=scripts/watch.sh
. scripts/watch.sh
# shellcheck source=scripts/table.sh
. scripts/table.sh

PROOF_SECONDS=120
export STARTED_AT
WORK=$(mktemp -d)
trap 'kill $(jobs -p) 2>/dev/null || true; rm -rf "$WORK"' EXIT

bash scripts/engine.sh
find_engine
check_host
claim_project
bash scripts/images.sh "$WORK/missing"

# The canary reads its probes from the checkout, as a user of its own. A checkout that only its owner may read would hide them.
chmod a+rX canary/config canary/config/probes.toml 2>/dev/null || true

services=()
while read -r service images; do
  if image=$(tr ' ' '\n' <<<"$images" | grep -xF -f "$WORK/missing"); then
    step "$service is left out: $image can't be pulled here and no package offers it; everything else starts without it"
  else
    services+=("$service")
  fi
done < <(awk '
  /^[a-z]/ { part = $1 }
  part == "services:" && /^  [a-z]/ { if (name) print name, images; name = $1; sub(":", "", name); images = "" }
  part == "services:" && /^    image: |^        BASE_IMAGE: / { images = images " " $2 }
  END { print name, images }' "$WORK/stack")

# A live market is looked for at each start: what is reached from here may have changed.
if unchanged "${services[@]}" && [ "$SPARK_MARKET" != live ]; then
  step "images and settings are those of the last start"
else
  build "${services[@]}"
  step "checking the settings of every service"
  check_settings
  remember "${services[@]}"
fi
step "starting ${#services[@]} containers and waiting until all are healthy"
start_and_watch "${services[@]}"

step "asking the canary for its verdict"
# Bash's own clock of this script: the caller's, which a test run hands on, may have begun long ago.
asked_at=$SECONDS told=$SECONDS
until verdict=$(docker compose exec -T canary python -m canary status 2>"$WORK/status"); do
  if [ $((SECONDS - asked_at)) -gt "$PROOF_SECONDS" ] || { [ -z "$verdict" ] && ! engine_answers; }; then
    fail "every container is healthy, but the canary does not confirm within $PROOF_SECONDS s that the stack works" \
      "$(cut -c 1-600 <<<"${verdict:-$(tail -n 1 "$WORK/status")}")" "look: make status, make logs"
  fi
  if [ $((SECONDS - told)) -ge 10 ]; then
    told=$SECONDS
    step "not yet: $(cut -c 1-160 <<<"${verdict:-the canary does not answer}")"
  fi
  sleep 0.3
done
step "$verdict"
print_table
