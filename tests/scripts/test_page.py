"""`make page` looks only at a stack that it can open, and else ends as INCONCLUSIVE with the reason."""

from __future__ import annotations

import pytest

from tests.scripts.checkout import ROOT, Checkout

DOCKER = r"""#!/bin/bash
case "$*" in
  *"compose.service=gateway"*) cat "$ANSWERS/gateway" ;;
  "port "*) cat "$ANSWERS/port" ;;
  *) exec "$(dirname "$0")/plain-docker" "$@" ;;
esac
"""


@pytest.fixture
def running(checkout: Checkout) -> Checkout:
    """A checkout whose stack has a gateway; the program that looks tells what it was called with."""
    (checkout.tools / "docker").rename(checkout.tools / "plain-docker")
    (checkout.tools / "docker").write_text(DOCKER)
    (checkout.tools / "docker").chmod(0o755)
    checkout.answer("gateway", "abc")
    checkout.answer("port", "0.0.0.0:3103")
    package = checkout.path / "canary" / "page"
    package.mkdir(parents=True)
    (package / "__main__.py").write_text("import os, sys; print(sys.argv[1:]); sys.exit(int(os.environ['ENDS']))")
    return checkout


@pytest.mark.parametrize("code", [0, 1, 2])
def test_it_opens_the_console_s_address_and_ends_with_the_verdict_s_code(running: Checkout, code: int) -> None:
    done = running.bash("bash scripts/page.sh '' ''", ENDS=str(code))
    assert (done.returncode, done.stdout) == (code, "['http://127.0.0.1:3103/', 'evidence']\n"), done.stderr


def test_wait_and_browser_are_handed_on(running: Checkout) -> None:
    done = running.bash("bash scripts/page.sh 30 bash", ENDS="0")
    assert done.stdout == "['http://127.0.0.1:3103/', 'evidence', '--seconds', '30', '--browser', 'bash']\n"


@pytest.mark.parametrize(
    ("arguments", "environment", "told"),
    [
        ("0", {}, "WAIT=0: must be a number of seconds from 1 to 600"),
        ("'x[$(id)]'", {}, "must be a number of seconds"),
        ("'' no-such-browser", {}, "CHROME=no-such-browser: there is no such program"),
        ("", {"SPARK_TLS": "on"}, "with SPARK_TLS=on the page can't be looked at by this command"),
        ("", {"SPARK_READ_TOKEN": "on"}, "with SPARK_READ_TOKEN=on the page can't be looked at by this command"),
        ("", {"DEAF": "1", "HEARS": "unix:///elsewhere"}, "no container engine answers"),
    ],
)
def test_what_it_can_not_do_is_inconclusive_and_told(
    running: Checkout, arguments: str, environment: dict[str, str], told: str
) -> None:
    done = running.bash(f"bash scripts/page.sh {arguments}", ENDS="0", **environment)
    assert (done.returncode, done.stdout) == (2, "")
    assert told in done.stderr


def test_a_stack_that_does_not_run_is_inconclusive(running: Checkout) -> None:
    running.answer("gateway")
    done = running.bash("bash scripts/page.sh", ENDS="0")
    assert done.returncode == 2
    assert "does not run: make up" in done.stderr


def test_an_engine_that_fails_midway_is_inconclusive(running: Checkout) -> None:
    (running.answers / "gateway").unlink()
    assert running.bash("bash scripts/page.sh", ENDS="0").returncode == 2


def test_the_script_is_listed_by_make() -> None:
    assert "\npage: ## " in (ROOT / "Makefile").read_text()
