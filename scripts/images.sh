#!/usr/bin/env bash
# Gets every image of the list x-images in docker-compose.yml: pulls it, or builds a stand-in from Debian's packages.
# Writes the images that could not be had at all, one a line, into the file named by $1.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

umask 022
export DOCKER_BUILDKIT=${DOCKER_BUILDKIT:-1}
missing_list=${1:?name the file for the images that could not be had}
: >"$missing_list"
LOGS=$(mktemp -d)
BASE=spark-standin/base:trixie

# The stand-in that can take this image's place; nothing where there is none.
standin_for() {
  case $1 in
    python:*) echo python ;;
    postgres:*) echo postgres ;;
    prom/prometheus:*) echo prometheus ;;
    prom/alertmanager:*) echo alertmanager ;;
    haproxy:*) echo gateway ;;
  esac
}

make_base() {
  docker image inspect "$BASE" >/dev/null 2>&1 && return
  may_install ||
    fail "no registry is in reach, and stand-in images can only be made by root on Debian or Ubuntu" \
      "two ways out: run this where images can be pulled, or as root on Debian or Ubuntu"
  step "no registry in reach: making a bare Debian image (about a minute)"
  local work mirror
  work=$(mktemp -d)
  if ! have debootstrap; then install_packages debootstrap; fi
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || fail "no registry is in reach, and this machine has no Debian mirror to build stand-ins from"
  quietly "$LOGS/debootstrap" debootstrap --variant=minbase --include=ca-certificates,python3,python3-venv,wget trixie "$work/rootfs" "$mirror"
  # A mirror that this machine's own apt accepts although it is frozen must be accepted inside the images too.
  apt-config dump | grep -i '^Acquire::Check-Valid-Until' >"$work/rootfs/etc/apt/apt.conf.d/90machine" || true
  rm -rf "$work"/rootfs/var/cache/apt/* "$work"/rootfs/var/lib/apt/lists/*
  tar -C "$work/rootfs" -cf "$work/rootfs.tar" .
  cp tests/standins/base/Dockerfile /etc/ssl/certs/ca-certificates.crt "$work/"
  rm -rf "$work/rootfs"
  quietly "$LOGS/base" docker build -t "$BASE" "$work"
  rm -rf "$work"
}

images=$(awk '/^x-images:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $NF }' docker-compose.yml)
for image in $images; do
  docker image inspect "$image" >/dev/null 2>&1 && continue
  step "pulling $image"
  if timeout 600 docker pull -q "$image" >"$LOGS/pull" 2>&1; then
    continue
  fi
  standin=$(standin_for "$image")
  if [ -z "$standin" ]; then
    echo "$image" >>"$missing_list"
    continue
  fi
  make_base
  step "building a stand-in for $image from Debian's packages"
  quietly "$LOGS/$standin" docker build --build-arg "BASE=$BASE" --build-arg "SUITE=$NEWER_SUITE" \
    -t "$image" "tests/standins/$standin"
done
rm -rf "$LOGS"
