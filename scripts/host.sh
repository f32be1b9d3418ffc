# shellcheck shell=bash
# Finds this checkout's engine, stack and address, on whatever host this is. Sourced after lib.sh, never run.

DEFAULT_SOCKET=/var/run/docker.sock
UNNAMED=no-name-is-set
PROJECT_LABEL=com.docker.compose.project
FOLDER_LABEL=com.docker.compose.project.working_dir
CHECKOUT_LABEL=spark.checkout
HERE=$(pwd -P)

# fault TEXT: remembers what stops the command; tell_faults tells all of them together.
FAULTS=()
fault() { FAULTS+=("$*"); }
tell_faults() {
  [ ${#FAULTS[@]} -gt 0 ] || return 0
  printf 'error: %s\n' "${FAULTS[@]}" >&2
  exit 1
}

# engine_endpoint: the engine's address, from DOCKER_HOST, DOCKER_CONTEXT or the current context.
engine_endpoint() { docker context inspect --format '{{.Endpoints.docker.Host}}' 2>/dev/null || echo "${DOCKER_HOST:-unix://$DEFAULT_SOCKET}"; }

# engine_is_chosen: true when the user names an engine, so that no other may be taken.
engine_is_chosen() { [ "$(engine_endpoint)" != "unix://$DEFAULT_SOCKET" ]; }

# find_engine: takes a rootless Docker's or a Podman's socket when no engine answers at the usual place.
# An engine behind a network is refused: the canary needs the socket, and the addresses would be another machine's.
find_engine() {
  case $(engine_endpoint) in
    tcp://* | ssh://* | http*) fail "the engine at $(engine_endpoint) is reached over a network, and Spark needs its socket: run this on the engine's own machine, with DOCKER_HOST unset or unix://…" ;;
  esac
  have docker || return 0
  if ! engine_answers && ! engine_is_chosen; then find_socket; fi
  # Podman has no BuildKit; its own builder does what ours asks for.
  if docker version --format '{{range .Server.Components}}{{.Name}} {{end}}' 2>/dev/null | grep -q Podman; then export DOCKER_BUILDKIT=0; fi
}

find_socket() {
  local runtime=${XDG_RUNTIME_DIR:-/run/user/$(id -u)} socket
  for socket in "$runtime/docker.sock" "$runtime/podman/podman.sock" /run/podman/podman.sock; do
    if [ -S "$socket" ] && DOCKER_HOST="unix://$socket" engine_answers; then
      step "no engine answers at $DEFAULT_SOCKET, one does at $socket: this takes it (DOCKER_HOST=unix://$socket)" >&2
      export DOCKER_HOST="unix://$socket"
      return 0
    fi
  done
}

# read_settings NAME...: sets each variable as Compose reads it: from this shell's environment, else from .env.
# STACK_NAME becomes the stack's name, or UNNAMED.
read_settings() {
  local name fields='' text
  for name in "$@"; do fields="$fields, $name: \"\${$name:-}\""; done
  if ! text=$(printf 'name: %s\nservices: {x: {image: x, environment: {%s}}}\n' "$UNNAMED" "${fields#, }" |
    docker compose --project-directory . --file - config --format json 2>&1); then
    fail "the settings can't be read: $(tail -n 1 <<<"$text")" "they come from the environment and from .env"
  fi
  STACK_NAME=$(sed -n 's/^  "name": "\(.*\)",\{0,1\}$/\1/p' <<<"$text")
  for name in "$@"; do
    printf -v "$name" '%s' "$(sed -n "s/^ *\"$name\": \"\(.*\)\",\{0,1\}\$/\1/p" <<<"$text")"
  done
}

# use_market: a market that is none is a fault, and Compose is given the simulated one, so that it can read its file.
use_market() {
  case ${SPARK_MARKET:=simulated} in
    simulated | live) ;;
    *)
      fault "SPARK_MARKET='$SPARK_MARKET': must be one of simulated, live"
      SPARK_MARKET=simulated
      ;;
  esac
  export SPARK_MARKET
}

# use_socket: SPARK_DOCKER_SOCKET becomes the socket that docker-proxy mounts, as the engine's own machine sees it.
use_socket() {
  local endpoint
  [ -z "$SPARK_DOCKER_SOCKET" ] || { export SPARK_DOCKER_SOCKET; return 0; }
  endpoint=$(engine_endpoint)
  SPARK_DOCKER_SOCKET=${endpoint#unix://}
  # An engine in a virtual machine has its socket in there at the usual place.
  if [ "$(uname -s)" != Linux ] || docker info --format '{{.OperatingSystem}}' 2>/dev/null | grep -q '^Docker Desktop'; then
    SPARK_DOCKER_SOCKET=$DEFAULT_SOCKET
  fi
  export SPARK_DOCKER_SOCKET
}

# derived_name: the name of this checkout's stack: its folder's name and a sum of its path.
derived_name() {
  local folder
  folder=$(folder_name)
  case $folder in spark*) ;; *) folder=spark${folder:+-$folder} ;; esac
  printf '%.30s-%08x\n' "$folder" "$(printf '%s' "$HERE" | cksum | cut -d ' ' -f 1)"
}

# folder_name: the name that Compose gives to a stack whose checkout names none.
folder_name() { basename "$HERE" | tr '[:upper:]' '[:lower:]' | LC_ALL=C sed 's/[^-_a-z0-9]//g; s/^[-_]*//'; }

# same_folder PATH: true for this checkout, however the path is spelled.
same_folder() { [ "$1" = "$HERE" ] || [ "$(cd -- "$1" 2>/dev/null && pwd -P)" = "$HERE" ]; }

our_volumes() { awk '/^volumes:/ { on = 1; next } /^[^ #]/ { on = 0 } on && /^  [a-z-]+:/ { sub(":", "", $1); print $1 }' docker-compose.yml; }

# owner_of NAME: one line: "nobody", "here", "unknown" (volumes that no folder is known of), "folder PATH" or "foreign WHAT".
owner_of() {
  local name folder owner=nobody
  while IFS='|' read -r name folder; do
    if [ -z "$name" ]; then continue; fi
    if [ -z "$folder" ]; then echo "foreign container $name" && return; fi
    if ! same_folder "$folder"; then echo "folder $folder" && return; fi
    owner=here
  done < <(docker ps --all --filter "label=$PROJECT_LABEL=$1" --format "{{.Names}}|{{.Label \"$FOLDER_LABEL\"}}")
  while IFS='|' read -r name folder; do
    if [ -z "$name" ]; then continue; fi
    if ! grep -qxF "${name#"$1"_}" <<<"$(our_volumes)"; then echo "foreign volume $name" && return; fi
    if [ -n "$folder" ]; then
      if ! same_folder "$folder"; then echo "folder $folder" && return; fi
      owner=here
    fi
    [ "$owner" = here ] || owner=unknown
  done < <(docker volume ls --filter "label=$PROJECT_LABEL=$1" --format "{{.Name}}|{{.Label \"$CHECKOUT_LABEL\"}}")
  echo "$owner"
}

# existing_name: the stack that this checkout has already under a name that nobody set; nothing when it has none.
# Plain Compose names a stack after the folder; earlier versions of Spark called every one spark.
existing_name() {
  local name
  for name in "$(derived_name)" "$(folder_name)" spark; do
    if [ -n "$name" ] && [ "$(owner_of "$name")" = here ]; then echo "$name" && return; fi
  done
}

# left_behind: names of stacks whose volumes may be this checkout's, while nothing says whose they are.
left_behind() {
  local name
  for name in "$(folder_name)" spark; do
    if [ -n "$name" ] && [ "$(owner_of "$name")" = unknown ]; then echo "$name"; fi
  done | sort -u
}

# use_project: COMPOSE_PROJECT_NAME becomes the name of this checkout's stack; what belongs to others is a fault.
use_project() {
  local owner other
  PROJECT_IS_NEW='' NAME_IS_SET=yes
  if [ "$STACK_NAME" = "$UNNAMED" ]; then
    NAME_IS_SET=
    STACK_NAME=$(existing_name)
    if [ -z "$STACK_NAME" ]; then STACK_NAME=$(derived_name) PROJECT_IS_NEW=yes; fi
  fi
  export COMPOSE_PROJECT_NAME=$STACK_NAME
  other=$(derived_name)
  if [ "$other" = "$STACK_NAME" ]; then other=$other-2; fi
  other="put another name into .env: COMPOSE_PROJECT_NAME=$other"
  owner=$(owner_of "$STACK_NAME")
  case $owner in
    foreign*) fault "the stack's name $STACK_NAME is also on the ${owner#foreign }, which is no part of Spark: remove that, or $other" ;;
    folder*)
      # A checkout that was moved takes its stack along: then there is no other one.
      [ ! -e "${owner#folder }/docker-compose.yml" ] ||
        fault "the stack $STACK_NAME belongs to the folder ${owner#folder }: run this there, or $other"
      ;;
  esac
}

# claim_project: writes down whose the stack is: on the ledger's volume, and in .env, where plain Compose finds the name.
claim_project() {
  local name lines=''
  if [ -n "$PROJECT_IS_NEW" ]; then
    for name in $(left_behind); do
      step "a stack named $name left volumes here, and nothing says whose they are; to go on with its ledger: make down, then COMPOSE_PROJECT_NAME=$name in .env, then make up"
    done
  fi
  docker volume inspect "${STACK_NAME}_ledger-data" >/dev/null 2>&1 ||
    docker volume create --label "$PROJECT_LABEL=$STACK_NAME" --label com.docker.compose.volume=ledger-data \
      --label "$CHECKOUT_LABEL=$HERE" "${STACK_NAME}_ledger-data" >/dev/null
  [ -z "$NAME_IS_SET" ] || return 0
  if [ -s .env ] && [ -n "$(tail -c 1 .env)" ]; then lines=$'\n'; fi
  lines="$lines# The name of this checkout's stack, written by make up."$'\n'"COMPOSE_PROJECT_NAME=$STACK_NAME"
  if (echo "$lines" >>.env) 2>/dev/null; then
    step "this checkout's stack is named $STACK_NAME; .env keeps the name, so that docker compose finds it too"
  fi
}

# normal_address TEXT: the address as engine and services read it; nothing when it is none.
normal_address() {
  local text part='(25[0-5]|2[0-4][0-9]|1[0-9][0-9]|[1-9]?[0-9])'
  text=$(tr '[:upper:]' '[:lower:]' <<<"$1" | tr -d '[:space:]')
  text=${text#[} text=${text%]}
  case $text in
    '' | localhost) text=127.0.0.1 ;;
    ::ffff:*.*) text=${text#::ffff:} ;;
  esac
  if [[ $text =~ ^$part(\.$part){3}$ ]] || [ -n "$(whole_ipv6 "$text")" ]; then echo "$text"; fi
}

# whole_ipv6 TEXT: all 32 digits of an IPv6 address; nothing when it is none.
whole_ipv6() {
  awk -v text="$1" 'BEGIN {
    if (text !~ /^[0-9a-f:]+$/ || text ~ /:::/ || gsub("::", "::", text) > 1 || text !~ /:/) exit
    count = split(text, parts, ":")
    if (text ~ /^::/) parts[1] = "0"
    if (text ~ /::$/) parts[count] = "0"
    for (place = 1; place <= count; place++) {
      if (parts[place] == "" && place > 1 && place < count) for (gap = count; gap <= 8; gap++) whole = whole "0000"
      else if (parts[place] ~ /^[0-9a-f][0-9a-f]?[0-9a-f]?[0-9a-f]?$/) whole = whole substr("000" parts[place], length(parts[place]))
      else exit
    }
    if (length(whole) == 32) print whole
  }'
}

# on_this_machine ADDRESS: true unless it is known that this machine has no such address.
on_this_machine() {
  case $1 in
    0.0.0.0 | 127.* | ::) return 0 ;;
    *:*) [ ! -r /proc/net/fib_trie ] || grep -q "^$(whole_ipv6 "$1") " /proc/net/if_inet6 2>/dev/null ;;
    *) [ ! -r /proc/net/fib_trie ] || grep -A 1 -F -- "-- $1" /proc/net/fib_trie | grep -q 'host LOCAL' ;;
  esac
}

# reachable ADDRESS: the host of an address in a browser, for one that ports are published on.
reachable() {
  case $(tr -d '[]' <<<"$1") in
    0.0.0.0) echo 127.0.0.1 ;;
    ::) echo '[::1]' ;;
    *:*) echo "[$(tr -d '[]' <<<"$1")]" ;;
    *) echo "$1" ;;
  esac
}

# check_openness: beyond this machine, the doors need TLS and a token for reading. gateway/start says the same.
check_openness() {
  local setting
  for setting in SPARK_TLS SPARK_READ_TOKEN; do
    case ${!setting} in '' | on) ;; *) fault "$setting=${!setting}: must be on, or empty" ;; esac
  done
  case $SPARK_BIND in 127.* | ::1 | 0:0:0:0:0:0:0:1) return 0 ;; esac
  [ "$SPARK_TLS" = on ] || fault "SPARK_BIND=$SPARK_BIND opens the stack beyond this machine: set SPARK_TLS=on (make tls makes a certificate)"
  [ "$SPARK_READ_TOKEN" = on ] || fault "SPARK_BIND=$SPARK_BIND opens the stack beyond this machine: set SPARK_READ_TOKEN=on, so that reading needs a token"
}

# use_address: SPARK_BIND becomes an address that engine and services read alike, and SPARK_LINK_HOST the host of links.
use_address() {
  local address
  address=$(normal_address "$SPARK_BIND")
  if [ -z "$address" ]; then
    fault "SPARK_BIND=$SPARK_BIND: must be an IP address of this machine, as 127.0.0.1, ::1 or 0.0.0.0 (all addresses)"
  elif ! on_this_machine "$address"; then
    fault "SPARK_BIND=$SPARK_BIND: this machine has no such address"
  fi
  export SPARK_BIND=${address:-127.0.0.1}
  check_openness
  export SPARK_LINK_HOST=${SPARK_LINK_HOST:-$(reachable "$SPARK_BIND")}
}

# built_from: the folders and files that a build copies, and what it is told by.
built_from() {
  local path
  { sed -n 's/^!//p' .dockerignore 2>/dev/null; sed -n 's/.*context: \([a-z][a-z-]*\).*/\1/p' docker-compose.yml; } | sort -u | while read -r path; do
    if [ -e "$path" ]; then printf '%s\n' "$path"; fi
  done
}

# revision: this checkout's commit, with -dirty when a file that git knows, or one that a build copies, is another than the commit's;
# "unknown" without git. All files are read anew into an index beside git's own, so no flag in that one can hide a change. Nothing of
# the caller's environment chooses another repository, and no program that the repository's settings name as a monitor or hook is run.
revision() (
  unset "${!GIT_@}"
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  git() { command git --no-replace-objects -c core.fsmonitor=false -c core.hooksPath=/dev/null "$@" 2>/dev/null; }
  copied=()
  while read -r path; do copied+=("$path"); done < <(built_from)
  if prefix=$(git rev-parse --show-prefix) && [ -z "$prefix" ] && commit=$(git rev-parse --verify 'HEAD^{commit}') &&
    objects=$(cd "$(git rev-parse --git-path objects)" && pwd -P) && mkdir -p "$work/objects/info" &&
    printf '%s\n' "$objects" >"$work/objects/info/alternates"; then
    export GIT_INDEX_FILE=$work/index GIT_OBJECT_DIRECTORY=$work/objects
    if git read-tree "$commit" && git add --update &&
      git add --all --force -- "${copied[@]}" ':(exclude,glob)**/__pycache__/**' ':(exclude,glob)**/*.pyc'; then
      git diff-index --quiet --cached "$commit" || commit=$commit-dirty
      echo "$commit"
      return
    fi
  fi
  echo unknown
)

# use_revision: SPARK_REVISION becomes the commit that is built here; nobody else may name it.
use_revision() {
  SPARK_REVISION=$(revision)
  export SPARK_REVISION
}

# use_stack: everything above, for a command on a stack that is there.
use_stack() {
  find_engine
  if ! have docker || ! engine_answers; then fail "no container engine answers" "start the stack first: make up"; fi
  read_settings SPARK_BIND SPARK_LINK_HOST SPARK_TLS SPARK_READ_TOKEN SPARK_DOCKER_SOCKET SPARK_MARKET
  use_socket
  use_project
  use_revision
  tell_faults
  # A wrong address or market stops `make up` alone: what runs can be looked at and stopped whatever is written now.
  use_market
  use_address
  FAULTS=()
}
