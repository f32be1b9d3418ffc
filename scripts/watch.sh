# shellcheck shell=bash
# Starts the containers and watches them until all are healthy. Sourced after preflight.sh, never run.

WAIT_SECONDS=180
# So many restarts are a loop; fewer can be a start on a busy machine.
LOOP_RESTARTS=3

# states: a line for each container of the stack: service|id|state|restarts|exit code|health.
states() {
  local ids
  ids=$(docker ps --all --quiet --no-trunc --filter "label=$PROJECT_LABEL=$STACK_NAME" --filter label=com.docker.compose.oneoff=False)
  [ -n "$ids" ] || return 0
  # shellcheck disable=SC2086 # ids without spaces, each an argument
  docker inspect --format '{{index .Config.Labels "com.docker.compose.service"}}|{{.Id}}|{{.State.Status}}|{{.RestartCount}}|{{.State.ExitCode}}|{{with .State.Health}}{{.Status}}{{end}}' \
    $ids 2>/dev/null || true
}

# last_words ID: what a container said before it ended: its last exception's message, else its last line.
last_words() {
  docker logs --tail 60 "$1" 2>&1 | awk '
    { if ($0 != "") last = $0 }
    match($0, /"exception": "/) {
      text = substr($0, RSTART + RLENGTH)
      sub(/"}$/, "", text)
      count = split(text, lines, /\\n/)
      said = ""
      for (place = 1; place <= count; place++) {
        if (lines[place] ~ /^[A-Za-z_][A-Za-z0-9_.]*(: |$)/) said = lines[place]
        else if (said != "" && lines[place] !~ /^ |^Traceback|^$/) said = said "\n" lines[place]
      }
      gsub(/\\"/, "\"", said); gsub(/\\\\/, "\\", said)
    }
    END { print said == "" ? last : said }' | cut -c 1-400
}

# look: fills WAITING with "service (state)" and CRASHED with "service id" from the containers as they are now.
look() {
  local service id state restarts code health before was
  WAITING=() CRASHED=() LOOPING=()
  while IFS='|' read -r service id state restarts code health; do
    # A label of a container may hold anything; its line is then no line of ours.
    if ! is_number "$restarts" || ! grep -qxF -- "$service" "$WORK/services"; then continue; fi
    IFS='|' read -r was before < <(awk -F '|' -v id="$id" '$2 == id { print $3 "|" $4 }' "$WORK/before") || true
    is_number "$before" || before=0
    case $service:$state:$code in
      init:exited:0 | migrate:exited:0) continue ;;
      # One that ran before was stopped by Compose, to put another in its place.
      *:exited:*) if [ "$was" != running ]; then CRASHED+=("$service $id") LOOPING+=("$service $id"); fi ;;
      *:dead:*) CRASHED+=("$service $id") LOOPING+=("$service $id") ;;
      *:restarting:*) CRASHED+=("$service $id") ;;
      *) if [ "$restarts" -gt "$before" ]; then CRASHED+=("$service $id"); fi ;;
    esac
    if [ $((restarts - before)) -ge "$LOOP_RESTARTS" ]; then LOOPING+=("$service $id"); fi
    if [ "$state:$health" != running:healthy ]; then WAITING+=("$service (${health:-$state})"); fi
  done < <(states)
}

# tell_crashes: ends the command when a container ends again and again; tells of one that ended once.
tell_crashes() {
  local crashed
  if [ ${#CRASHED[@]} -eq 0 ]; then return 0; fi
  for crashed in ${LOOPING[@]+"${LOOPING[@]}"}; do
    fault "${crashed% *} ends again and again: $(last_words "${crashed#* }" | tail -n 1) (all of it: make logs SERVICE=${crashed% *})"
  done
  tell_faults
  for crashed in "${CRASHED[@]}"; do
    if ! grep -qxF "$crashed" "$WORK/told"; then
      step "${crashed% *} ended and is started again: $(last_words "${crashed#* }" | tail -n 1)"
      echo "$crashed" >>"$WORK/told"
    fi
  done
}

# tell_failed_start: ends the command with what Compose or the engine said.
tell_failed_start() {
  local said
  look
  tell_crashes
  check_ports
  tell_faults
  said=$(grep -iE 'error|failed|invalid|denied' "$WORK/up" | tail -n 1)
  fail "${said:-$(tail -n 1 "$WORK/up")}"
}

# start_and_watch SERVICE...: returns when all are healthy; ends the command when one can't become so.
start_and_watch() {
  local until=$((SECONDS + WAIT_SECONDS)) told=$SECONDS
  printf '%s\n' "$@" >"$WORK/services"
  : >"$WORK/told"
  states >"$WORK/before"
  patiently "starting" "$WORK/up" docker compose up --detach --no-build --quiet-pull "$@" || tell_failed_start
  while true; do
    look
    tell_crashes
    if [ ${#WAITING[@]} -eq 0 ]; then return 0; fi
    if [ "$SECONDS" -ge "$until" ]; then
      fail "not healthy after $WAIT_SECONDS s: $(joined "${WAITING[@]}")" "look: make status, make logs SERVICE=…"
    fi
    if [ $((SECONDS - told)) -ge 10 ]; then
      told=$SECONDS
      step "waiting for $(joined "${WAITING[@]}")"
    fi
    sleep 0.3
  done
}

joined() { local text; text=$(printf ', %s' "$@"); echo "${text#, }"; }
