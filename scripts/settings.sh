# shellcheck shell=bash
# Has every service read its settings, before a container that runs is touched. Sourced after host.sh, never run.

# Each service with its package; both executors have the same settings.
# The first two make all networks but the live market's and the console's way out.
SETTINGS_OF="executor-1:executor canary:canary venue:venue marketdata:marketdata web:web init:init.receivers"

# Reads a package's settings as the service does. With the live market it also opens a connection to each address of marketdata's, or
# to the proxy on the way.
READ='
import os, socket, sys, urllib.parse
package = sys.argv[1]

def urls(value):
    if isinstance(value, str):
        return [value] if "://" in value else []
    return [url for part in getattr(value, "__dict__", {}).values() for url in urls(part)]

settings = __import__(f"{package}.settings", fromlist=["Settings"]).Settings.from_environment()
if package == "marketdata" and os.environ["SPARK_MARKET"] == "live":
    for url in sorted(urls(settings)):
        parts, proxy = urllib.parse.urlsplit(url), settings.proxies.of(url)
        host, port = (proxy.host, proxy.port) if proxy else (parts.hostname, parts.port or 443)
        try:
            socket.create_connection((host, port), timeout=5).close()
        except OSError as error:
            what = f"the proxy {host}" if proxy else host
            sys.exit(f"SettingsError: SPARK_MARKET=live: {what} is not reached from a container: {error}")
'

# told: the wrong settings that the services told, a line for each fault, with the services that told it.
told() {
  local pair service
  for pair in $SETTINGS_OF; do
    service=${pair%:*}
    sed -n '/SettingsError: /,$p' "$WORK/settings-$service" |
      sed "/^[[:space:]]*\$/d; s/^[A-Za-z_.]*SettingsError: //; s/\$/|${service%-1}/"
  done | awk -F '|' '
    { who = $NF; sub(/\|[^|]*$/, ""); if (!($0 in by)) order[++count] = $0; by[$0] = by[$0] (by[$0] == "" ? "" : ", ") who }
    END { for (place = 1; place <= count; place++) print order[place] " (" by[order[place]] ")" }'
}

# once LOG SERVICE COMMAND...: runs a command in a container of the service's own that is gone afterwards; its output goes to the log.
# The images were built just now: Compose would build each one anew. Not attached: Podman can't attach to a container before it runs.
once() {
  local log=$1 container status
  shift
  container=$(docker compose --project-directory . --file "$WORK/stack-built" run --detach --no-deps "$@" 2>"$log" | tail -n 1) || return 1
  status=$(docker wait "$container" 2>"$log") || status=1
  docker logs "$container" >"$log" 2>&1 || true
  docker rm --force "$container" >/dev/null 2>&1 || true
  return "${status:-1}"
}

# check_settings: ends the command with every fault that any service finds in its settings.
check_settings() {
  local pair line
  sed 's/^\( *pull_policy:\) build$/\1 missing/' "$WORK/stack" >"$WORK/stack-built"
  once "$WORK/init" init python /init/make_secrets.py || fail "the secrets can't be made: $(tail -n 1 "$WORK/init")"
  for pair in $SETTINGS_OF; do
    once "$WORK/settings-${pair%:*}" "${pair%:*}" python -c "$READ" "${pair#*:}" &
    # Two that make networks at once would make each of them twice.
    case $pair in executor* | canary*) wait ;; esac
  done
  wait
  while read -r line; do fault "$line"; done < <(told)
  tell_faults
}
