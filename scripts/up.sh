#!/usr/bin/env bash
# Brings the whole stack up, wherever this is, and ends only when the canary has proved that it works.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

WAIT_SECONDS=180
PROOF_SECONDS=120
export STARTED_AT
SPARK_GIT_COMMIT=$(git rev-parse --short=12 HEAD 2>/dev/null || echo unknown)
export SPARK_GIT_COMMIT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

scripts/engine.sh
scripts/images.sh "$work/missing"

services=()
while read -r service image; do
  if grep -qxF "$image" "$work/missing"; then
    step "$service is left out: its image can't be pulled here and no package offers it; everything else starts without it"
  else
    services+=("$service")
  fi
done < <(docker compose config | awk '/^[a-z]/ { part = $1 } /^  [a-z]/ { name = $1; sub(":", "", name) }
  part == "services:" && /^    image: / { print name, $2 }')

step "building the service images"
quietly "$work/build" docker compose build --quiet
step "starting ${#services[@]} containers and waiting until all are healthy"
if ! docker compose up --detach --wait --wait-timeout "$WAIT_SECONDS" --quiet-pull "${services[@]}" >"$work/up" 2>&1; then
  tail -n 30 "$work/up" >&2
  docker compose ps --all --format 'table {{.Service}}\t{{.Status}}' >&2 || true
  fail "the stack did not become healthy within $WAIT_SECONDS s" \
    "look: make status, make logs" "a port that is taken can be changed in .env (see .env.example)"
fi

step "asking the canary for its verdict"
# Bash's own clock of this script: the caller's, which a test run hands on, may have begun long ago.
proof_until=$((SECONDS + PROOF_SECONDS))
until verdict=$(docker compose exec -T canary python -m canary.cli status 2>"$work/status"); do
  if [ "$SECONDS" -gt "$proof_until" ] || ! engine_answers; then
    printf '%s\n' "$verdict" >&2
    cat "$work/status" >&2
    fail "every container is healthy, but the canary does not confirm that the stack works" "look: make status, make logs"
  fi
  sleep 2
done
step "$verdict"
exec scripts/table.sh
