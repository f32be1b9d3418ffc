"""`make baseline` hands name and reason on as they were given, and says what is missing before anything is asked."""

from __future__ import annotations

import pytest

from tests.scripts.checkout import Checkout

DOCKER = r"""#!/bin/bash
case "$*" in
  "compose exec"*) printf '%s\n' "$@" >"$ANSWERS/asked"; exit "${ENDS:-0}" ;;
  *) exec "$(dirname "$0")/plain-docker" "$@" ;;
esac
"""
CALL = ["compose", "exec", "-T", "canary", "python", "-m", "canary", "baseline"]


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """A checkout whose canary notes what it is asked for."""
    (checkout.tools / "docker").rename(checkout.tools / "plain-docker")
    (checkout.tools / "docker").write_text(DOCKER)
    (checkout.tools / "docker").chmod(0o755)
    return checkout


def asked(checkout: Checkout) -> list[str]:
    return (checkout.answers / "asked").read_text().splitlines()


def test_name_and_reason_arrive_as_they_were_given(running: Checkout) -> None:
    done = running.bash("bash scripts/baseline.sh '--by' 'new disk; \"rm\" $HOME'")
    assert done.returncode == 0, done.stderr
    assert asked(running) == [*CALL, "set", "--by=--by", '--why=new disk; "rm" $HOME']


def test_without_name_and_reason_it_shows_the_baseline(running: Checkout) -> None:
    assert running.bash("bash scripts/baseline.sh '' ''").returncode == 0
    assert asked(running) == [*CALL, "show"]


@pytest.mark.parametrize(
    ("arguments", "told"), [("'' x", "error: nobody is named"), ("Ada ''", "error: no reason is given")]
)
def test_half_a_baseline_is_refused(running: Checkout, arguments: str, told: str) -> None:
    done = running.bash(f"bash scripts/baseline.sh {arguments}")
    assert (done.returncode, done.stderr.splitlines()[0]) == (1, told)
    assert not (running.answers / "asked").exists()


def test_it_ends_with_the_code_of_the_canary(running: Checkout) -> None:
    assert running.bash("bash scripts/baseline.sh Ada x", ENDS="2").returncode == 2
