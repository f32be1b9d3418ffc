# shellcheck shell=bash
# Builds the services' images, unless nothing has changed since the last start. Sourced after host.sh, never run.

# The sum of all that the last start was made of. By then its images were built, and every service had found its settings right.
SUM_FILE=.built

sha256() { if have sha256sum; then sha256sum; else shasum -a 256; fi; }

# sources: a line for each file that enters an image: its sum and its name. Of the root, .dockerignore names the folders that do.
sources() {
  local context folder program=(sha256sum)
  have sha256sum || program=(shasum -a 256)
  sed -n 's/^ *context: //p' "$WORK/stack" | sort -u | while read -r context; do
    if same_folder "$context"; then sed -n 's/^!//p' .dockerignore; else echo "$context"; fi
  done | while read -r folder; do
    find "$folder" -type f ! -name '*.pyc' -exec "${program[@]}" {} +
  done | LC_ALL=C sort
}

# made_of SERVICE...: the sum of all that a start depends on: the stack's file with its settings, every source, every image.
# Fails when an image of these services is missing.
made_of() {
  local images pinned
  images=$(docker compose config --images "$@") || return 1
  # shellcheck disable=SC2086 # names without spaces, each an argument
  images=$(docker image inspect --format '{{.Id}}' $images 2>/dev/null) || return 1
  pinned=$(awk '/^x-images:/ { on = 1; next } /^[^ ]/ { on = 0 } on { print $NF }' docker-compose.yml)
  # shellcheck disable=SC2086 # as above; an image that can't be had here is part of nothing
  pinned=$(docker image inspect --format '{{.Id}}' $pinned 2>/dev/null) || true
  { cat "$WORK/stack" .dockerignore && sources && printf '%s\n' "$images" "$pinned" | sort; } | sha256 | cut -d ' ' -f 1
}

# unchanged SERVICE...: true when these services were built and found right as they are now.
unchanged() {
  local sum
  [ -f "$SUM_FILE" ] && sum=$(made_of "$@") && [ "$sum" = "$(cat "$SUM_FILE")" ]
}

# remember SERVICE...: has the next start find these services unchanged. A folder that can't be written only costs it a build.
remember() { (made_of "$@" >"$SUM_FILE") 2>/dev/null || rm -f "$SUM_FILE" 2>/dev/null || true; }

# build SERVICE...: builds their images; the engine keeps every layer that has not changed.
build() {
  step "building the service images"
  patiently "building" "$WORK/build" docker compose build "$@" || {
    tail -n 40 "$WORK/build" >&2
    fail "the images can't be built"
  }
}
