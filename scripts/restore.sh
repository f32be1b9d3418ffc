#!/usr/bin/env bash
# Puts a backup in the place of the ledger: whole, or not at all. Usage: scripts/restore.sh FILE
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

EXECUTORS=(executor-1 executor-2)
VERIFY_TRIES=60
file=${1:-}

start_executors() {
  docker compose start "${EXECUTORS[@]}" >/dev/null 2>&1 ||
    fail "the executors did not start again" "look: make status, make logs SERVICE=executor-1" "start them: make up"
}

# The old schema goes and the dump comes in one transaction: without the last line there is no commit, and nothing has changed.
# Dropping the schema, not only what the dump has, takes away what a later version added; it then adds it again.
replace_schema() {
  in_postgres bash -o pipefail -c '{
    echo "BEGIN; SET LOCAL lock_timeout = 10000; SET LOCAL client_min_messages = warning; DROP SCHEMA public CASCADE; CREATE SCHEMA public AUTHORIZATION pg_database_owner;"
    pg_restore --exit-on-error --file=- && echo "COMMIT;"
  } | psql --quiet --no-psqlrc --no-password --set=ON_ERROR_STOP=1 >/dev/null' <"$file"
}

# Says what verify found. Exit code 2 means that it could not look: executors that start may still be changing the tables.
verify() {
  local said status
  for _ in $(seq $VERIFY_TRIES); do
    status=0
    said=$(docker compose exec -T executor-1 python -m executor.ledger verify 2>&1) || status=$?
    [ "$status" -gt 1 ] || break
    sleep 1
  done
  printf '%s\n' "$said"
  return "$status"
}

[ -n "$file" ] || fail "no backup is named" "usage: make restore FILE=backups/spark_….dump"
[ -f "$file" ] || fail "there is no file $file"
use_stack
in_postgres true || fail "the ledger's database can't be reached" "does it run? make status"
check_dump "$file"

trap start_executors EXIT
step "stopping both executors"
docker compose stop "${EXECUTORS[@]}" >/dev/null 2>&1 || fail "the executors can't be stopped" "look: make status"
step "restoring $file"
replace_schema || fail "$file was not restored; the ledger is as it was"
trap - EXIT
step "starting both executors"
start_executors
proof=$(verify) || fail "the restored ledger is not proved clean" "$proof"
step "$proof"
