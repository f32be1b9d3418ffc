# shellcheck shell=bash disable=SC2034
# Shared by the scripts beside it: steps that print their elapsed time, and one way to fail.
# Sourced, never run.

STARTED_AT=${STARTED_AT:-$(date +%s)}

# step TEXT: one line, with the seconds since the command began.
step() { printf '[%4ds] %s\n' "$(($(date +%s) - STARTED_AT))" "$*"; }

# fail TEXT...: one line per argument on standard error, then exit 1.
fail() {
  printf 'error: %s\n' "$1" >&2
  shift
  for line in "$@"; do printf '       %s\n' "$line" >&2; done
  exit 1
}

# quietly LOG COMMAND...: runs it into a log that is shown only when it fails.
quietly() {
  local log=$1
  shift
  if ! "$@" >"$log" 2>&1; then
    tail -n 40 "$log" >&2
    fail "this failed: $*" "its whole output is in $log"
  fi
}

# patiently TEXT LOG COMMAND...: runs a slow command into a log; says every ten seconds how far that has come.
patiently() {
  local text=$1 log=$2 told=$SECONDS running status=0
  shift 2
  "$@" >"$log" 2>&1 &
  running=$!
  while kill -0 "$running" 2>/dev/null; do
    sleep 0.1
    if [ $((SECONDS - told)) -ge 10 ]; then
      told=$SECONDS
      step "$text: $(grep -v '^[[:space:]]*$' "$log" | tail -n 1 | cut -c 1-100)"
    fi
  done
  wait "$running" || status=$?
  return "$status"
}

have() { command -v "$1" >/dev/null 2>&1; }

engine_answers() { docker info >/dev/null 2>&1; }

# in_postgres COMMAND...: runs it in the database's container, as the ledger's owner; standard input and output pass through.
in_postgres() {
  # shellcheck disable=SC2016 # the container's shell expands these
  docker compose exec -T postgres bash -c \
    'PGPASSWORD=$(cat "$POSTGRES_PASSWORD_FILE") PGHOST=127.0.0.1 PGUSER=$POSTGRES_USER PGDATABASE=$POSTGRES_DB exec "$@"' \
    in_postgres "$@"
}

# check_dump FILE: fails unless it is a dump of a ledger, readable to its end.
check_dump() {
  local contents
  contents=$(in_postgres pg_restore --list <"$1") || fail "$1 is no dump that pg_restore reads"
  grep -q ' TABLE DATA public events ' <<<"$contents" || fail "$1 is no dump of a ledger"
  # The list is only the beginning of the file; this reads the rest.
  in_postgres pg_restore --file=/dev/null <"$1" || fail "$1 is not whole"
}

is_debian_like() { [ -r /etc/os-release ] && grep -qE '^ID(_LIKE)?=.*(debian|ubuntu)' /etc/os-release; }

# Whether packages can be installed here: root, on Debian or Ubuntu.
may_install() { [ "$(id -u)" -eq 0 ] && is_debian_like; }

# The suite that packages too new for the machine's own are taken from.
NEWER_SUITE=sid

# The mirror of this machine's own Debian, as its own apt configuration has it; nothing on other systems.
debian_mirror() {
  # shellcheck disable=SC2016 # apt expands these, not the shell
  apt-get indextargets --format '$(REPO_URI) $(COMPONENT) $(LABEL)' 'Created-By: Packages' |
    awk '$2 == "main" && $3 == "Debian" { print $1; exit }'
}

# install_packages NAME...: Debian or Ubuntu, root.
install_packages() {
  local log
  umask 022
  log=$(mktemp)
  export DEBIAN_FRONTEND=noninteractive
  quietly "$log" apt-get update -qq
  quietly "$log" apt-get install -y -qq --no-install-recommends "$@"
  rm -f "$log"
}

# in_init ARGUMENT...: runs the program that makes the secrets. It alone has all of them, and it needs no service that runs.
in_init() { docker compose --progress quiet run --rm --no-deps --no-TTY init python /init/make_secrets.py "$@"; }

# operator_token: prints the operator's token, for the standard input of what needs it.
operator_token() { in_init show operator/token </dev/null || fail "the operator's token can't be had" "does the stack exist? make up"; }
