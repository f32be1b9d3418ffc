"""The secret of a receiver goes to init on standard input, and the test of pages runs beside Alertmanager."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from init.receivers.names import RECEIVERS, SECRETS

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
SECRET = "https://hooks.slack.example/services/\\T0 'x' $(touch ran)"
DOCKER = """#!/bin/bash
case "$*" in
  *"init.receivers secret"*) echo "$*" >>calls; cat >given; [ ! -e refuses ] ;;
  *page-test*) echo "$*" >>calls; [ ! -e refuses ] ;;
  *"--format json"*)
    echo '  "name": "mine",'
    for name in $(grep -o 'SPARK_[A-Z0-9_]*:' | tr -d : | sort -u); do echo "  \\"$name\\": \\"${!name}\\","; done ;;
esac
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    shutil.copytree(ROOT / "scripts", tmp_path / "scripts")
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools/docker").write_text(DOCKER)
    (tmp_path / "tools/docker").chmod(0o755)
    shutil.copy(ROOT / "docker-compose.yml", tmp_path)
    (tmp_path / ".built").write_text("x")
    return tmp_path


def run(place: Path, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["bash", "scripts/receivers.sh", *arguments],
        cwd=place,
        env={"PATH": f"{place / 'tools'}:{os.environ['PATH']}"},
        input=typed,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def calls(place: Path) -> str:
    file = place / "calls"
    return file.read_text() if file.exists() else ""


@pytest.mark.parametrize("end", ["\n", ""])
def test_a_secret_is_passed_on_as_it_is_and_stands_in_no_argument(place: Path, end: str) -> None:
    done = run(place, "secret", "slack", typed=SECRET + end)
    assert done.returncode == 0, done.stderr
    assert (place / "given").read_text() == SECRET + "\n"
    assert calls(place).endswith("init python -m init.receivers secret slack\n")
    assert "hooks" not in calls(place) + done.stdout + done.stderr
    assert not (place / ".built").exists(), "the next start reads the settings again"


def test_a_secret_that_is_refused_is_told(place: Path) -> None:
    (place / "refuses").touch()
    done = run(place, "secret", "slack", typed="x\n")
    assert (done.returncode, done.stderr) == (1, "error: the secret of slack is not changed\n")
    assert (place / ".built").exists()


@pytest.mark.parametrize("name", ["", "fax", "../x", "slack teams"])
def test_no_other_receiver_has_a_secret(place: Path, name: str) -> None:
    done = run(place, "secret", name, typed="x\n")
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: no receiver is called '{name}': RECEIVER must be email, slack")
    assert calls(place) == ""


def test_nothing_on_standard_input_is_told(place: Path) -> None:
    assert "there is no secret on standard input" in run(place, "secret", "slack").stderr


def test_the_script_knows_the_receivers_that_the_settings_know() -> None:
    listed = re.findall(r"^ +([a-z |]+)\) where=", (ROOT / "scripts/receivers.sh").read_text(), re.MULTILINE)
    assert tuple(" | ".join(listed).split(" | ")) == SECRETS
    assert tuple(listed[0].split(" | ")) == RECEIVERS


def test_the_address_of_the_outside_heartbeat_is_given_in_the_same_way(place: Path) -> None:
    done = run(place, "secret", "heartbeat", typed="https://ping.example/uuid\n")
    assert done.returncode == 0, done.stderr
    assert (place / "given").read_text() == "https://ping.example/uuid\n"
    assert "use it from now on when SPARK_HEARTBEAT is on" in done.stdout + done.stderr
    assert "ping.example" not in calls(place) + done.stdout + done.stderr


def test_pages_are_tested_in_alertmanagers_container(place: Path) -> None:
    assert run(place, "test").returncode == 0
    assert calls(place) == "compose exec -T alertmanager /etc/alertmanager/page-test\n"
    (place / "refuses").touch()
    assert "error: not every message arrived" in run(place, "test").stderr
