#!/usr/bin/env bash
# Sets up all that the tests need, then runs them. Usage: scripts/test.sh all|unit|lint|bench|soak|chaos|faults|quiet
set -euo pipefail
cd "$(dirname "$0")/.."
# shellcheck source=scripts/lib.sh
. scripts/lib.sh

what=${1:?all, unit, lint, bench, soak, chaos, faults or quiet}
export STARTED_AT
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
BIN=.venv/bin
# Compiled once, tests and their rewritten assertions are loaded by all workers and in the next run, whatever the shell has set.
unset PYTHONDONTWRITEBYTECODE
export PYTHONPYCACHEPREFIX=$PWD/build/pycache

find_python() {
  for candidate in python3.13 python3.12 python3.11 python3; do
    if have "$candidate" && "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      echo "$candidate"
      return
    fi
  done
}

make_environment() {
  local stamp=.venv/requirements.sha256 wanted python
  wanted=$(sha256sum tests/requirements.txt)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  python=$(find_python)
  if [ -z "$python" ] && may_install; then
    step "installing Python"
    install_packages python3 python3-venv
    python=$(find_python)
  fi
  [ -n "$python" ] || fail "the tests need Python 3.11 or newer" "install it and run this again"
  step "making the virtual environment .venv (the first time only)"
  if ! "$python" -m venv --clear .venv >"$work/venv" 2>&1; then
    may_install || fail "$python can't make virtual environments" "install the package python3-venv and run this again"
    install_packages python3-venv
    quietly "$work/venv" "$python" -m venv --clear .venv
  fi
  install_requirements $BIN/python tests/requirements.txt
  echo "$wanted" >"$stamp"
}

# install_requirements PYTHON FILE: installs what is pinned there, and says how far it is.
install_requirements() {
  patiently "installing" "$work/pip" "$1" -m pip install --progress-bar off --disable-pip-version-check --require-hashes --no-deps -r "$2" || {
    tail -n 40 "$work/pip" >&2
    fail "the packages of $2 can't be installed"
  }
}

# What the measurements compare with has an environment of its own: it is no part of Spark.
make_bench_environment() {
  local stamp=.venv-bench/requirements.sha256 wanted
  wanted=$(sha256sum bench/requirements.txt)
  [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && return
  step "making the environment .venv-bench for the peers"
  $BIN/python -m venv --clear .venv-bench
  install_requirements .venv-bench/bin/python bench/requirements.txt
  echo "$wanted" >"$stamp"
}

install_browser() {
  for browser in chromium chromium-browser google-chrome; do have "$browser" && return; done
  if may_install; then
    step "installing Chromium"
    install_packages chromium
  elif [ "${CI:-}" = true ]; then
    fail "the browser tests need Chromium, and it can't be installed here"
  fi
}

install_shellcheck() {
  if have shellcheck; then return; fi
  if may_install; then
    step "installing shellcheck"
    install_packages shellcheck
  elif [ "${CI:-}" = true ]; then
    fail "the scripts' lint needs shellcheck, and it can't be installed here"
  else
    echo "SKIPPED: the scripts are not checked with shellcheck: install the package shellcheck" >&2
  fi
}

lint() {
  install_shellcheck
  step "lint: ruff, mypy, yamllint, bash, shellcheck"
  $BIN/ruff check --quiet .
  $BIN/ruff format --quiet --check . || fail "some files are not formatted" "run: $BIN/ruff format ."
  $BIN/mypy --no-error-summary .
  $BIN/yamllint --strict .
  for script in scripts/*.sh postgres/*.sh .ci/run tests/standins/*/*.sh; do bash -n -- "$script"; done
  if have shellcheck; then shellcheck -x scripts/*.sh postgres/*.sh gateway/start gateway/healthcheck alertmanager/start alertmanager/page-test .ci/run tests/standins/*/*.sh; fi
}

# lint_beside OPTIONS...: lints, and meanwhile has pytest load these tests, so that no worker has to compile them. What
# can't be loaded is told by the run of the tests.
lint_beside() {
  $BIN/python -m pytest --quiet --collect-only "$@" >/dev/null 2>&1 &
  local loading=$!
  lint
  wait "$loading" || true
}

# parallel WORKERS OPTIONS...: what stands for itself runs in parallel, with more workers than cores, since many tests wait.
parallel() { $BIN/python -m pytest --quiet --dist worksteal --numprocesses "$@"; }

# Two stacks leave a small machine room; under abuse everybody else has to be served in time, so that stack is there alone.
on_stacks() {
  local status=0
  step "the tests on a stack of their own, and beside them the quick faults on another"
  set -m # its own group of processes: an interrupt is passed on to it, so that it takes its stack down
  $BIN/python -m pytest --quiet tests/faults/test_faults.py >"$work/faults" 2>&1 &
  faults=$!
  set +m
  trap 'kill -INT "$faults" 2>/dev/null && wait "$faults" || true; rm -rf "$work"' EXIT
  $BIN/python -m pytest --quiet tests/stack --ignore=tests/stack/abuse || status=$?
  wait "$faults" || status=$?
  cat "$work/faults"
  step "the abuse of a stack"
  $BIN/python -m pytest --quiet tests/stack/abuse || status=$?
  return "$status"
}

engine_or_skip() {
  if bash scripts/engine.sh && bash scripts/images.sh "$work/missing"; then return; fi
  [ "${CI:-}" != true ] || fail "under CI the stack tests must run, and no engine could be had"
  echo "SKIPPED: no container engine could be had here, so NOTHING THAT NEEDS CONTAINERS IS TESTED" >&2
  parallel 6 -m "not stack and not engine"
  exit
}

make_environment
case $what in
  lint) lint ;;
  unit)
    quick=(-m "not engine and not slow" --ignore=tests/stack --ignore=tests/browser --ignore=tests/rules --ignore=tests/soak)
    quick+=(--ignore=tests/chaos --ignore=tests/faults/test_faults.py --hypothesis-profile=desk)
    lint_beside "${quick[@]}"
    step "the tests that need no container"
    # The quick ones wait less, and each worker collects them all for itself.
    parallel 4 "${quick[@]}"
    ;;
  all)
    install_browser
    lint_beside -m "not stack"
    engine_or_skip
    # The desk's tests are on the PostgreSQL of a package, these are on the stack's.
    export SPARK_TEST_POSTGRES=image
    step "all tests but those on the stack"
    parallel 6 -m "not stack"
    on_stacks
    ;;
  bench)
    bash scripts/engine.sh
    bash scripts/images.sh "$work/missing"
    make_bench_environment
    $BIN/python -m bench
    ;;
  soak) $BIN/python -m tests.soak "${MINUTES:-30}" ;;
  chaos)
    bash scripts/engine.sh
    bash scripts/images.sh "$work/missing"
    SPARK_TEST_POSTGRES=image $BIN/python -m tests.chaos "${MINUTES:-5}"
    ;;
  faults)
    bash scripts/engine.sh
    bash scripts/images.sh "$work/missing"
    $BIN/python -m tests.faults "${ONLY:-}"
    ;;
  quiet)
    bash scripts/engine.sh
    bash scripts/images.sh "$work/missing"
    $BIN/python -m tests.quiet "${MINUTES:-30}"
    ;;
  *) fail "unknown: $what" "usage: scripts/test.sh all|unit|lint|bench|soak|chaos|faults|quiet" ;;
esac
