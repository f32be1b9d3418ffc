#!/usr/bin/env bash
# Writes the ledger's database into backups/, while it is traded on; the file is there only when it is whole and readable.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

use_stack
umask 077
mkdir -p backups
target=backups/spark_$(date -u +%Y%m%dT%H%M%SZ).dump
partial=$(mktemp backups/.partial-XXXXXX)
trap 'rm -f "$partial"' EXIT

# The backup's role can read the ledger and nothing else; it logs in on the socket in the container alone.
docker compose exec -T postgres pg_dump --username=spark_backup --dbname=spark --format=custom --schema=public --no-privileges \
  --no-password >"$partial" || fail "the ledger can't be dumped" "does it run? make status"
check_dump "$partial"
mv -n "$partial" "$target"
[ ! -e "$partial" ] || fail "$target is there already" "a backup is never written over: try again"

# The stack then knows how old its latest backup is. The server gives the time: the role may write nothing but the name.
docker compose exec -T postgres psql --username=spark_backup --dbname=spark --no-password --no-psqlrc --quiet \
  --set=ON_ERROR_STOP=1 --set=file="${target##*/}" >/dev/null <<'SQL' ||
BEGIN READ WRITE;
INSERT INTO backups (file) VALUES (:'file');
COMMIT;
SQL
  printf 'warning: %s is whole, but the ledger could not note it: the alert BackupTooOld does not know of it\n' "$target" >&2
echo "$target"
