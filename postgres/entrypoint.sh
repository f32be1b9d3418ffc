#!/usr/bin/env bash
# Runs the official entrypoint. At each start it also gives every role its rights, as soon as the server answers.
set -euo pipefail

VERIFIERS=/run/secrets/spark-ledger-verifiers
DONE=/tmp/roles-applied
FIRST_PASSWORD=/tmp/first-password

# apply: the roles, their verifiers and their rights; and the superuser has no password any more.
apply() {
  {
    printf "SET spark.owner_verifier = '%s'; SET spark.executor_verifier = '%s';\n" \
      "$(<"$VERIFIERS/owner")" "$(<"$VERIFIERS/executor")"
    cat /etc/spark/roles.sql
    echo 'ALTER ROLE CURRENT_USER PASSWORD NULL;'
  } | psql --no-psqlrc --quiet --no-password --single-transaction --set=ON_ERROR_STOP=1 \
    --username="$POSTGRES_USER" --dbname="$POSTGRES_DB" >/dev/null
}

# The health check asks for the file DONE. The server of the first start's preparations takes no TCP connection.
apply_when_ready() {
  until pg_isready --quiet --host=127.0.0.1; do sleep 0.2; done
  until apply; do
    echo 'spark: the roles of the ledger could not be set; the next try is in 5 s' >&2
    sleep 5
  done
  rm -f "$FIRST_PASSWORD"
  : >"$DONE"
}

rm -f "$DONE"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  # The official entrypoint makes no server without a password. This one is forgotten before anybody can log in with it.
  (umask 077 && head -c 32 /dev/urandom | base64 >"$FIRST_PASSWORD")
  export POSTGRES_PASSWORD_FILE=$FIRST_PASSWORD
fi
# Its own parent ends at once, so that it is no child of the server.
(apply_when_ready &)
exec docker-entrypoint.sh "$@" -c hba_file=/etc/spark/pg_hba.conf -c ident_file=/etc/spark/pg_ident.conf
