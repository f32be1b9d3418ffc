#!/usr/bin/env bash
# Makes sure that a container engine with Compose v2 and buildx answers; installs and starts one where it may.
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh
# shellcheck source=scripts/host.sh
. scripts/host.sh

umask 022
PLUGINS=/usr/local/lib/docker/cli-plugins
LOGS=$(mktemp -d)

compose_works() { [ "$(docker compose version --short 2>/dev/null | cut -d. -f1 | tr -d v)" -ge 2 ] 2>/dev/null; }
buildx_works() { docker buildx version >/dev/null 2>&1; }

ways_out() {
  fail "$1" \
    "two ways out: install Docker (https://docs.docker.com/get-docker/) and run this again," \
    "or run this as root on Debian or Ubuntu, where it installs the engine by itself."
}

# Takes the plugins' binaries out of a newer suite's packages and leaves the machine's own packages alone.
install_plugins_from_newer_suite() {
  local work mirror
  work=$(mktemp -d)
  mirror=$(debian_mirror)
  [ -n "$mirror" ] || ways_out "this machine has no Compose v2 package and no Debian mirror to take one from"
  mkdir -p "$work/lists/partial" "$work/archives/partial" "$work/deb"
  printf 'deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] %s %s main\n' "$mirror" "$NEWER_SUITE" >"$work/sources.list"
  local apt=(apt-get -o "Dir::Etc::sourcelist=$work/sources.list" -o Dir::Etc::sourceparts=/dev/null
    -o "Dir::State::lists=$work/lists" -o "Dir::Cache::archives=$work/archives"
    -o "Dir::Cache::pkgcache=" -o "Dir::Cache::srcpkgcache=" -o APT::Sandbox::User=root)
  quietly "$LOGS/plugin-update" "${apt[@]}" update -qq
  (cd "$work/deb" && quietly "$LOGS/plugin-download" "${apt[@]}" download docker-compose docker-buildx)
  for package in "$work"/deb/*.deb; do dpkg -x "$package" "$work/root"; done
  mkdir -p "$PLUGINS"
  cp "$work"/root/usr/libexec/docker/cli-plugins/* "$PLUGINS/"
  rm -rf "$work"
}

install_plugins() {
  local wanted=()
  if apt-cache show docker-compose-v2 >/dev/null 2>&1; then
    wanted=(docker-compose-v2 docker-buildx)
  elif apt-cache policy docker-compose | grep -qE 'Candidate: 2'; then
    wanted=(docker-compose docker-buildx)
  fi
  if [ ${#wanted[@]} -gt 0 ]; then install_packages "${wanted[@]}"; else install_plugins_from_newer_suite; fi
}

start_engine() {
  if [ -d /run/systemd/system ]; then
    quietly "$LOGS/start" systemctl start docker
  else
    # No service manager: the engine runs on its own, apart from this terminal and its pipes.
    rm -f /var/run/docker.pid
    # A stack has seven networks; the engine's own pools are used up by four stacks.
    setsid dockerd --default-address-pool base=172.16.0.0/12,size=24 >/var/log/dockerd.log 2>&1 </dev/null &
  fi
  for _ in $(seq 60); do
    engine_answers && return 0
    sleep 1
  done
  tail -n 20 /var/log/dockerd.log >&2 || true
  fail "the engine did not answer within 60 s" "its log is /var/log/dockerd.log"
}

find_engine
if engine_answers && compose_works && buildx_works; then exit 0; fi

if ! engine_answers && have docker && engine_is_chosen; then
  fail "no container engine answers at $(engine_endpoint)" "that address comes from DOCKER_HOST or from docker's context: start that engine, or unset it"
fi
if engine_answers && [ "$(id -u)" -ne 0 ]; then
  ways_out "the engine answers, but it has no Compose v2 with buildx, and without root they can't be installed"
fi
if [ "$(id -u)" -ne 0 ]; then
  if have docker; then ways_out "no container engine answers to this user (is it started, may this user reach its socket?)"; fi
  ways_out "there is no container engine, and without root none can be installed"
fi
is_debian_like || ways_out "no container engine answers, and this is neither Debian nor Ubuntu"

if ! have dockerd; then
  step "installing a container engine: the packages docker.io and iptables"
  install_packages docker.io iptables
fi
if ! engine_answers; then
  step "starting the engine"
  start_engine
fi
if ! compose_works || ! buildx_works; then
  step "installing Compose v2 and buildx as plugins of the engine's command"
  install_plugins
  if ! compose_works || ! buildx_works; then fail "Compose v2 and buildx were installed but do not run" "try: docker compose version; docker buildx version"; fi
fi
rm -rf "$LOGS"
step "the engine answers: $(docker version --format '{{.Server.Version}}'), Compose $(docker compose version --short)"
