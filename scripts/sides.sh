# shellcheck shell=bash
# The two sides of a trial of an image, as the engine has them. Sourced after host.sh, never run.

TRIAL_LABEL=spark.trial

# side_things KIND...: the ids of what the sides have, as in: side_things ps --all
side_things() { docker "$@" --quiet --filter "label=$TRIAL_LABEL=$STACK_NAME"; }

# drop_sides: removes both sides with their ledgers, also those that a killed trial left.
drop_sides() {
  local one
  side_things ps --all | while read -r one; do docker rm --force --volumes "$one" >/dev/null 2>&1 || true; done
  side_things network ls | while read -r one; do docker network rm "$one" >/dev/null 2>&1 || true; done
  side_things volume ls | while read -r one; do docker volume rm "$one" >/dev/null 2>&1 || true; done
}
