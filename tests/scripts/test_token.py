"""The operator's token comes from `init` and goes to standard input, never into an argument or a variable."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
TOKEN, CODE = "the-operators-token", "123456"
DOCKER = f"""#!/bin/bash
case "$*" in
  *"make_secrets.py show operator/token reader/token"*) printf '{TOKEN}\\nthe-readers\\nthe-analysts\\n' ;;
  *"make_secrets.py show operator/token"*) [ ! -e none ] && echo {TOKEN} ;;
  *marketdata.cli*)
    echo "$* <$(cat | tr '\\n' ' ')>" >>calls; env >>environments
    [[ $* != *"bist status" ]] ;;
  *"--format json"*)
    echo '  "name": "mine",'
    for name in $(grep -o 'SPARK_[A-Z0-9_]*:' | tr -d : | sort -u); do echo "  \\"$name\\": \\"${{!name}}\\","; done ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/docker").write_text(DOCKER)
    (tmp_path / "tools/docker").chmod(0o755)
    return tmp_path


def run(place: Path, *command: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", *command],
        cwd=place,
        env={"PATH": f"{place / 'tools'}:{os.environ['PATH']}"},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


@pytest.mark.parametrize(
    ("command", "typed", "calls"),
    [
        (("feed.sh", "resume", "BTCTURK"), "", [f"feed resume -- BTCTURK <{TOKEN} >"]),
        (("symbols.sh", "BIST:SISE,BIST:THYAO", ""), "", [f"symbols add -- BIST:SISE BIST:THYAO <{TOKEN} >"]),
        (("symbols.sh", "", "BIST:SISE"), "", [f"symbols remove -- BIST:SISE <{TOKEN} >"]),
        (
            ("bist.sh", "login"),
            f"{CODE}\n",
            ["bist status <>", f"bist login <{TOKEN} >", f"bist code <{TOKEN} {CODE} >"],
        ),
    ],
)
def test_a_change_gets_the_token_on_standard_input(
    place: Path, command: tuple[str, ...], typed: str, calls: list[str]
) -> None:
    done = run(place, f"scripts/{command[0]}", *command[1:], typed=typed)
    assert done.returncode == 0, done.stderr
    asked = [line.partition("marketdata.cli ")[2] for line in (place / "calls").read_text().splitlines()]
    assert asked[: len(calls)] == calls
    arguments = "".join(line.partition(" <")[0] for line in (place / "calls").read_text().splitlines())
    for secret in (TOKEN, CODE):
        assert secret not in arguments + (place / "environments").read_text() + done.stdout + done.stderr


def test_a_list_of_symbols_needs_no_token(place: Path) -> None:
    assert run(place, "scripts/symbols.sh", "", "").returncode == 0
    assert (place / "calls").read_text().endswith("symbols list <>\n")


def test_without_a_token_nothing_is_asked_and_the_way_to_one_is_told(place: Path) -> None:
    (place / "none").touch()
    done = run(place, "scripts/feed.sh", "resume", "BTCTURK")
    assert done.returncode == 1
    assert "make up" in done.stderr
    assert not (place / "calls").exists()


def test_the_secrets_that_people_need_are_shown_a_line_for_each(place: Path) -> None:
    shown = run(place, "scripts/secrets.sh").stdout.splitlines()
    assert [line.split() for line in shown] == [
        ["operator", "token", TOKEN],
        ["reader", "token", "the-readers"],
        ["grafana", "admin", "the-analysts"],
    ]
