#!/usr/bin/env bash
# Runs curl as the operator: the token goes to it through a pipe, so that no list of processes shows it.
# Usage: scripts/curl.sh CURL'S ARGUMENTS..., such as -s -X POST http://127.0.0.1:4001/v1/orders/cancel-all -d '{}'
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

folder=$OLDPWD
have curl || fail "curl is not installed"
use_stack
token=$(operator_token)
[[ $token =~ ^[A-Za-z0-9_-]{16,}$ ]] || fail "the operator's token can't be read" "does the stack run? make status"
# Files that the arguments name are the caller's.
cd "$folder"
exec curl --header @/dev/fd/3 "$@" 3< <(printf 'Authorization: Bearer %s\n' "$token")
