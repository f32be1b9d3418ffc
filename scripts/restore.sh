#!/usr/bin/env bash
# Puts a backup in the place of the ledger: whole, or not at all. Usage: scripts/restore.sh FILE
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

EXECUTORS=(executor-1 executor-2 executor-canary)
file=${1:-}

start_executors() {
  docker compose start "${EXECUTORS[@]}" >/dev/null 2>&1 ||
    fail "the executors did not start again" "look: make status, make logs SERVICE=executor-1" "start them: make up"
}

# as_owner COMMAND: a command of the ledger as the owner of its tables, with all that it said.
as_owner() { docker compose run --rm --no-deps --no-TTY migrate python -m executor.ledger "$1" 2>&1; }

# written_out: the dump as text: its contents, the revision of its tables, its rows. Nothing of it is executed anywhere.
written_out() {
  pg_restore_alone --list <"$file" &&
    pg_restore_alone --data-only --table=alembic_version --file=- <"$file" &&
    pg_restore_alone --data-only --file=- <"$file"
}

# reason TEXT: the last line that the command itself said, among what Compose said.
reason() { grep -E '^(load|swap): ' <<<"$1" | tail -n 1 || tail -n 1 <<<"$1"; }

[ -n "$file" ] || fail "no backup is named" "usage: make restore FILE=backups/spark_….dump"
[ -f "$file" ] || fail "there is no file $file"
use_stack
docker compose exec -T postgres true 2>/dev/null || fail "the ledger's database can't be reached" "does it run? make status"
check_dump "$file"

step "loading $file beside the ledger, and proving it"
said=$(written_out | as_owner load) || fail "$file was not restored; the ledger is as it was" "$(reason "$said")"
trap start_executors EXIT
step "stopping the executors"
docker compose stop "${EXECUTORS[@]}" >/dev/null 2>&1 || fail "the executors can't be stopped" "look: make status"
step "putting it in the ledger's place"
swapped=$(as_owner swap) || fail "$file was not restored; the ledger is as it was" "$(reason "$swapped")"
trap - EXIT
step "starting the executors"
start_executors
step "$(grep '^verify: ' <<<"$said")"
step "no backup of this ledger is known from here on: make backup"
