#!/usr/bin/env bash
# Gives the gateway a certificate: the files CERT and KEY of the environment, else one of an authority of this stack's own.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

AUTHORITY_FILE=spark-ca.pem
CERT=${CERT:-} KEY=${KEY:-}
make_tls() { docker compose run --rm --no-deps --no-TTY init python /init/make_tls.py "$@"; }

use_stack
read_settings SPARK_LINK_HOST SPARK_ALLOWED_HOSTS
if [ -n "$CERT$KEY" ]; then
  for file in "$CERT" "$KEY"; do [ -f "$file" ] || fail "there is no file ${file:-}" "usage: make tls CERT=chain.pem KEY=key.pem"; done
  cat -- "$CERT" <(echo) "$KEY" | make_tls own
else
  set -f
  names=(127.0.0.1 localhost ::1)
  for name in "$SPARK_BIND" ${SPARK_LINK_HOST:-} ${SPARK_ALLOWED_HOSTS//,/ }; do
    case $name in 0.0.0.0 | ::) ;; *) names+=("$name") ;; esac
  done
  make_tls local "${names[@]}"
  docker compose run --rm --no-deps --no-TTY init cat /secrets/tls/ca.pem >"$AUTHORITY_FILE"
  step "browsers and curl --cacert trust it by $AUTHORITY_FILE"
fi
if [ "$SPARK_TLS" != on ]; then
  step "the next make up uses it when .env has SPARK_TLS=on"
elif [ -n "$(docker compose ps --quiet gateway 2>/dev/null)" ]; then
  docker compose restart --no-deps gateway
fi
