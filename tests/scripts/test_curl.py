"""`scripts/curl.sh` presents the operator's token, and no argument or environment of any program shows it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

TOKEN = "the-operator-token_0123456789abcdef"
"""Notes every program's arguments and environment as the list of processes would show them."""
SEEN = 'tr "\\0" "\\n" <"/proc/$$/cmdline" >>"$ANSWERS/seen"; tr "\\0" "\\n" <"/proc/$$/environ" >>"$ANSWERS/seen"\n'
DOCKER = f"""#!/bin/bash
{SEEN}case "$*" in
  *" init "*" show operator/token") cat "$ANSWERS/token" ;;
  *) exec "$(dirname "$0")/plain-docker" "$@" ;;
esac
"""
CURL = f"""#!/bin/bash
{SEEN}cat "${{2#@}}" >"$ANSWERS/header"
printf '%s\\n' "$@" >"$ANSWERS/arguments"
pwd >"$ANSWERS/folder"
cat
"""


@pytest.fixture
def called(checkout: Checkout) -> Checkout:
    """A checkout whose token is a file's, and whose curl notes what it gets."""
    (checkout.tools / "docker").rename(checkout.tools / "plain-docker")
    for path, text in ((checkout.tools / "docker", DOCKER), (checkout.tools / "curl", CURL)):
        path.write_text(text)
        path.chmod(0o755)
    checkout.answer("token", TOKEN)
    return checkout


def curl(checkout: Checkout, *arguments: str, folder: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(checkout.path / "scripts/curl.sh"), *arguments],
        cwd=folder or checkout.path,
        env={"PATH": f"{checkout.tools}:{os.environ['PATH']}", "ANSWERS": str(checkout.answers)},
        input="a body\n",
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_the_token_is_presented_and_no_process_shows_it(called: Checkout) -> None:
    done = curl(called, "-s", "http://127.0.0.1:4001/v1/orders", "-d", '{"a": "$(b)"}')
    assert done.returncode == 0, done.stderr
    assert (called.answers / "header").read_text() == f"Authorization: Bearer {TOKEN}\n"
    arguments = (called.answers / "arguments").read_text().splitlines()
    assert arguments[2:] == ["-s", "http://127.0.0.1:4001/v1/orders", "-d", '{"a": "$(b)"}']
    seen = (called.answers / "seen").read_text()
    assert "curl" in seen
    assert "operator/token" in seen
    assert TOKEN not in seen


def test_standard_input_and_the_folder_are_the_callers(called: Checkout, tmp_path: Path) -> None:
    done = curl(called, "-d", "@-", "http://127.0.0.1:4001/", folder=tmp_path)
    assert done.stdout == "a body\n"
    assert (called.answers / "folder").read_text() == f"{tmp_path}\n"


def test_without_a_token_nothing_is_sent(called: Checkout) -> None:
    called.answer("token", "")
    done = curl(called, "http://127.0.0.1:4001/")
    assert done.returncode == 1
    assert done.stderr.startswith("error: the operator's token can't be read")
    assert not (called.answers / "arguments").exists()
