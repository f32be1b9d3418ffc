#!/usr/bin/env bash
# Has the canary write an evidence package and copies it to evidence/. Exits 0, 1 or 2: PASS, FAIL or INCONCLUSIVE.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

use_stack
mkdir -p evidence
status=0
package=$(docker compose exec -T canary python -m canary evidence) || status=$?
[ -n "$package" ] || fail "the canary wrote no package" "does it run? make status"
docker compose cp "canary:$package" evidence/ >/dev/null 2>&1 || fail "the package $package can't be copied out of the canary"
echo "evidence/$(basename -- "$package")"
exit "$status"
