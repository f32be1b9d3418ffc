#!/usr/bin/env bash
# Tries another image of the executor beside the one that runs, and promotes it or leaves all as it was.
# Usage: scripts/canary.sh IMAGE. Exits 0 promoted, 1 worse, 2 unclear.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh
# shellcheck source=scripts/sides.sh
. scripts/sides.sh

HEALTHY_SECONDS=120
PROOF_SECONDS=120
LOCK=build/canary.lock

# side NAME ARGUMENT...: Compose on one side of the trial, a project of its own.
side() {
  local name=$1 image=$BASELINE
  shift
  if [ "$name" = candidate ]; then image=$CANDIDATE; fi
  SPARK_SIDE=$name SPARK_SIDE_IMAGE=$image docker compose --progress quiet --project-name "$STACK_NAME-trial-$name" \
    --project-directory . --file canary/trial.yml "$@"
}

# in_background COMMAND...: runs it so that a signal to this script is heeded at once, and not when the command has ended.
in_background() {
  "$@" <&0 &
  RUNNING=$!
  local status=0
  wait "$RUNNING" || status=$?
  RUNNING=
  return "$status"
}

# executors: the stack's executors, the first one last.
executors() { docker compose config --services | grep '^executor-' | sort -r; }

# run_image ID: has every executor run an image, one after the other, and waits until each is healthy.
run_image() {
  local service until health
  docker image tag "$1" "$TAG"
  for service in $(executors); do
    in_background docker compose --progress quiet up --detach --no-deps --no-build "$service" >/dev/null 2>&1 || return 1
    until=$((SECONDS + HEALTHY_SECONDS))
    while true; do
      health=$(docker inspect --format '{{.State.Status}} {{with .State.Health}}{{.Status}}{{end}}' "$(docker compose ps --all --quiet "$service")")
      case $health in
        'running healthy') break ;;
        exited* | dead*) return 1 ;;
      esac
      [ "$SECONDS" -lt "$until" ] || return 1
      in_background sleep 0.3
    done
    step "$service runs it and is healthy"
  done
}

# proved: waits until the canary has proved that the stack works.
proved() {
  local until=$((SECONDS + PROOF_SECONDS))
  until verdict=$(docker compose exec -T canary python -m canary status </dev/null 2>/dev/null); do
    [ "$SECONDS" -lt "$until" ] || return 1
    in_background sleep 0.5
  done
}

# ended: leaves nothing of the trial, and puts the old image back when a promotion was broken off.
ended() {
  local status=$?
  trap - EXIT
  trap '' INT TERM HUP
  [ -z "$RUNNING" ] || kill "$RUNNING" 2>/dev/null || true
  if [ -n "$PROMOTING" ]; then
    RUNNING=
    step "putting the image back that ran before"
    # What was broken off may be at work for a moment longer.
    run_image "$BASELINE" || { sleep 3 && run_image "$BASELINE"; } ||
      printf 'error: the executors are not healthy with the image that ran before: make status\n' >&2
  fi
  drop_sides
  rm -rf "$LOCK" "$WORK"
  exit "$status"
}

# begin_side NAME: starts one side and waits until its executor is healthy.
begin_side() { side "$1" up --detach --wait --wait-timeout "$HEALTHY_SECONDS" executor >"$WORK/$1" 2>&1 </dev/null; }

# ended_well PROCESS: waits until it has ended, whatever signal comes meanwhile, and returns its status.
ended_well() {
  local status
  while true; do
    status=0
    wait "$1" || status=$?
    kill -0 "$1" 2>/dev/null || return "$status"
  done
}

# last_words NAME: what a side's executor said last, else what Compose said.
last_words() {
  side "$1" logs --no-log-prefix --tail 1 executor >"$WORK/words" 2>/dev/null || true
  if [ ! -s "$WORK/words" ]; then cp "$WORK/$1" "$WORK/words"; fi
  tail -n 1 "$WORK/words" | cut -c 1-400
}

# roll_back REASON: the image is worse. The executors that run were not touched, or are put back by the trap.
roll_back() {
  step "ROLLED BACK: $1"
  exit 1
}

# give_up REASON: nothing can be said of the image, so it is not promoted.
give_up() {
  step "NOT PROMOTED: $1"
  exit 2
}

take_lock() {
  local owner
  mkdir -p "${LOCK%/*}"
  if ! (set -o noclobber && echo $$ >"$LOCK") 2>/dev/null; then
    owner=$(cat "$LOCK" 2>/dev/null || true)
    if is_number "$owner" && kill -0 "$owner" 2>/dev/null; then fail "a trial is running already (process $owner)"; fi
    echo $$ >"$LOCK"
  fi
}

image=${1:-}
[ -n "$image" ] || fail "no image is named" "usage: make canary IMAGE=name:tag, an image of the executor on this machine"
use_stack
CANDIDATE=$(docker image inspect --format '{{.Id}}' -- "$image" 2>/dev/null) ||
  fail "there is no image $image on this machine" "build it: docker build --tag name:tag --file executor/Dockerfile …, or load it: docker load"
TAG=$STACK_NAME-executor-1
BASELINE=$(docker inspect --format '{{.Image}}' "$(docker compose ps --all --quiet executor-1)" 2>/dev/null) ||
  fail "executor-1 does not exist" "start the stack first: make up"
export SPARK_STACK=$STACK_NAME SPARK_BASELINE_IMAGE=$BASELINE
RUNNING='' PROMOTING=''
WORK=$(mktemp -d)

proved || fail "a stack that is not well is no measure: ${verdict:-the canary does not answer}" "look: make status"
take_lock
trap ended EXIT
# A start is not broken off: what it makes meanwhile would be left.
ABORTED=
trap 'ABORTED=130' INT
trap 'ABORTED=143' TERM HUP

drop_sides
step "starting an executor of the image that runs and one of $image, each with a ledger of its own"
begin_side baseline &
baseline_start=$!
begin_side candidate &
candidate_start=$!
ended_well "$baseline_start" && baseline_well=yes || baseline_well=
ended_well "$candidate_start" && candidate_well=yes || candidate_well=
[ -z "$ABORTED" ] || exit "$ABORTED"
trap 'exit 130' INT
trap 'exit 143' TERM HUP
[ -n "$baseline_well" ] || give_up "the image that runs does not start beside itself: $(last_words baseline)"
[ -n "$candidate_well" ] || roll_back "it does not become healthy: $(last_words candidate)"

step "giving both equal orders"
status=0
mkdir -p evidence
report=evidence/trial_$(date -u +%Y%m%dT%H%M%SZ).json
in_background docker compose exec -T canary python -m canary trial --json \
  --baseline http://trial-baseline:4001 --candidate http://trial-candidate:4001 \
  --baseline-image "$BASELINE" --candidate-image "$CANDIDATE" < <(operator_token) >"$WORK/report" 2> >(tee "$WORK/told" >&2) || status=$?
if [ -s "$WORK/report" ]; then
  mv "$WORK/report" "$report"
  step "all numbers: $report"
fi
told=$(grep -E '^(equal|worse|unclear): ' "$WORK/told" | tail -n 1) || true
# A program that dies has a status too: only its own words make an outcome.
case $status:${told%%:*} in
  0:equal) ;;
  1:worse) roll_back "${told#*: }" ;;
  *) give_up "${told:-the trial was broken off: $(tail -n 1 "$WORK/told" | cut -c 1-400)}" ;;
esac
step "verifying the ledger that the candidate wrote"
side candidate run --rm --no-deps --no-TTY migrate python -m executor.ledger verify >"$WORK/verify" 2>&1 </dev/null ||
  roll_back "its ledger does not verify: $(tail -n 1 "$WORK/verify")"

step "promoting $image: one executor after the other"
PROMOTING=yes
run_image "$CANDIDATE" || roll_back "an executor did not become healthy with it"
proved || roll_back "the canary does not say PASS with it: ${verdict:-no answer}"
PROMOTING=
step "PROMOTED: the executors run $image. make up builds this checkout's own image again"
