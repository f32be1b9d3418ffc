# shellcheck shell=bash
# Finds what would stop `make up`, before anything is started. Sourced after host.sh, never run.

# Free room on the engine's disk and whole memory of its machine, both in MiB, below which a stack can't live.
LEAST_DISK=1024
LEAST_MEMORY=1024

# port_settings: a line for each published port: the setting's name and its default.
port_settings() { grep -oE 'SPARK_PORT_[A-Z0-9_]+:-[0-9]+' docker-compose.yml | sed 's/:-/ /' | sort -u; }

# port_answers PORT: true when something listens where this port is to be published.
port_answers() {
  local host
  host=$(reachable "$SPARK_BIND" | tr -d '[]')
  if (exec 3<>"/dev/tcp/$host/$1") 2>/dev/null; then return 0; fi
  case $SPARK_BIND in 0.0.0.0 | ::) ;; *) return 1 ;; esac
  # All addresses are wanted: a listener on any single one is in the way too.
  [ -n "$(listeners "$1")" ]
}

# listeners PORT: the inodes of the sockets that listen on it, on any address; nothing on systems without /proc.
listeners() {
  awk -v port="$(printf '%04X' "$1")" '$4 == "0A" && substr($2, index($2, ":") + 1) == port { print $10 }' \
    /proc/net/tcp /proc/net/tcp6 2>/dev/null || true
}

# container_on PORT: the running container that publishes it, with its stack's folder; "ours" for one of this stack.
container_on() {
  local name project folder
  while IFS='|' read -r name project folder; do
    if [ "$project" = "$STACK_NAME" ]; then echo ours && return; fi
    echo "the container $name${folder:+ of the stack in $folder}" && return
  done < <(docker ps --filter "publish=$1" --format "{{.Names}}|{{.Label \"$PROJECT_LABEL\"}}|{{.Label \"$FOLDER_LABEL\"}}")
}

# process_on PORT: name and number of the process that listens on it, as far as this user may see it.
process_on() {
  local inode place number
  if [ -r /proc/net/tcp ]; then
    while read -r inode; do
      place=$(find /proc/[0-9]*/fd -lname "socket:\\[$inode\\]" 2>/dev/null | head -n 1) || true
      number=$(cut -d / -f 3 <<<"$place")
      if [ -n "$number" ]; then echo "$(cat "/proc/$number/comm") (process $number)" && return; fi
    done < <(listeners "$1")
  elif have lsof; then
    lsof -nP -iTCP:"$1" -sTCP:LISTEN 2>/dev/null | awk 'NR == 2 { print $1 " (process " $2 ")" }'
  fi
}

check_port() {
  local holder
  port_answers "$2" || return 0
  holder=$(container_on "$2")
  if [ "$holder" = ours ]; then return 0; fi
  if [ -z "$holder" ]; then holder=$(process_on "$2"); fi
  fault "port $2 is taken by ${holder:-a process that this user may not see}: stop that, or set $1 to another port in .env"
}

check_ports() {
  local name default port seen=' '
  while read -r name default; do
    port=${!name:-$default}
    if ! [[ $port =~ ^[1-9][0-9]{0,4}$ ]] || [ "$port" -gt 65535 ]; then
      fault "$name=$port: must be a port from 1 to 65535"
    elif [[ $seen == *" $port "* ]]; then
      fault "$name=$port: another port of the stack has the same number"
    else
      seen="$seen$port "
      check_port "$name" "$port"
    fi
  done < <(port_settings)
}

# check_room: is there memory and disk enough for a stack, as far as it is cheap to know.
check_room() {
  local memory root free
  read -r memory root < <(docker info --format '{{.MemTotal}} {{.DockerRootDir}}' 2>/dev/null) || true
  if [ "${memory:-0}" -gt 0 ] && [ $((memory / 1048576)) -lt "$LEAST_MEMORY" ]; then
    fault "the engine's machine has $((memory / 1048576)) MiB of memory: the stack needs $LEAST_MEMORY MiB"
  fi
  free=$(df -Pk "${root:-/nowhere}" 2>/dev/null | awk 'NR == 2 { print int($4 / 1024) }') || true
  if [ -n "$free" ] && [ "$free" -lt "$LEAST_DISK" ]; then
    fault "$root has $free MiB free: the stack needs $LEAST_DISK MiB (docker system df shows what takes the room)"
  fi
}

# check_host: all of it; ends the command when anything stands in the way, and tells everything together.
# The file stack of the folder WORK becomes docker-compose.yml with every setting in its place.
check_host() {
  # shellcheck disable=SC2046 # names without spaces, each an argument
  read_settings SPARK_BIND SPARK_LINK_HOST SPARK_TLS SPARK_READ_TOKEN SPARK_DOCKER_SOCKET SPARK_MARKET $(port_settings | cut -d ' ' -f 1)
  use_market
  use_socket
  use_project
  use_address
  check_ports
  check_room
  tell_faults
  docker compose config >"$WORK/stack" 2>"$WORK/said" ||
    fail "Compose does not accept docker-compose.yml with these settings: $(tail -n 1 "$WORK/said")"
}
