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
echo "$target"
