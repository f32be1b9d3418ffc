#!/usr/bin/env bash
# Shows the generated secrets that people need: the operator's token, the reader's, and Grafana's first password.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

use_stack
found=$(in_init show operator/token reader/token grafana/admin_password </dev/null) || fail "there are no secrets yet" "make them: make up"
printf 'operator token   %s\nreader token     %s\ngrafana admin    %s\n' $found
