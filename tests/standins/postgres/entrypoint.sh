#!/bin/bash
# First start makes a cluster with the asked-for user, password and database; every start then runs the server.
set -euo pipefail

if [ "${1:-}" != postgres ]; then exec "$@"; fi

user=${POSTGRES_USER:-postgres}
database=${POSTGRES_DB:-$user}

if [ ! -s "$PGDATA/PG_VERSION" ]; then
  password_file=${POSTGRES_PASSWORD_FILE:?set POSTGRES_PASSWORD_FILE}
  mkdir -p "$PGDATA"
  # An initdb that was cut off half-way leaves no PG_VERSION worth keeping: begin again from nothing.
  find "$PGDATA" -mindepth 1 -delete
  # shellcheck disable=SC2086 # the settings are words to be split, as in the official image
  initdb --username="$user" --pwfile=<(cat "$password_file") --auth-local=trust --auth-host=scram-sha-256 ${POSTGRES_INITDB_ARGS:-}
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  pg_ctl -w -o "-c listen_addresses=''" start
  if [ "$database" != postgres ]; then
    psql --username="$user" --dbname=postgres --set=name="$database" --set=ON_ERROR_STOP=1 <<<'CREATE DATABASE :"name";'
  fi
  pg_ctl -w -m fast stop
fi

exec "$@" -c listen_addresses='*'
