#!/usr/bin/env bash
# Pins every requirements.in into a requirements.txt with hashes, good for the host's Python and the images'.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

have uv || fail "uv is not installed" "install it with: pip install uv"
for file in */requirements.in; do
  folder=${file%/*}
  # What each service's own list begins with.
  [ "$folder" != common ] || continue
  step "pinning $folder"
  (cd "$folder" && uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header \
    requirements.in --output-file requirements.txt "$@")
done
