"""`make up` builds and reads settings only after a change, and waits for the verdict for as long as it says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkout import SETTINGS_OF, SOURCED, quiet_ports

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
ASKED = 1 + len(SETTINGS_OF)
"""The containers that run for a moment: the one that makes secrets, and each service that is asked for its settings."""
DOCKER = """#!/bin/bash
echo "$*" >>calls
case "$*" in
  "wait "*) echo 0 ;;
  *make_secrets.py*) cat >/dev/null ;;
  *"run --detach"*) echo a-container ;;
  *"--format json"*)
    for name in $(grep -o 'SPARK_[A-Z0-9_]*:' | tr -d : | sort -u); do echo "  \\"$name\\": \\"${!name}\\","; done ;;
  *"-m canary "*)
    if [ -e asked ]; then echo "PASS: every condition is met"; else touch asked; echo "FAIL: not yet"; exit 1; fi ;;
esac
"""


def script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def make_up(place: Path, **environment: str) -> tuple[str, list[str]]:
    """Runs `make up`'s script in a copy of the checkout at `place`. Returns its words, and the calls of docker."""
    scripts, tools = place / "scripts", place / "tools"
    for folder in (scripts, tools):
        folder.mkdir(exist_ok=True)
    for name in ("up", *SOURCED):
        shutil.copy(ROOT / "scripts" / f"{name}.sh", scripts)
    for name in ("docker-compose.yml", ".dockerignore"):
        shutil.copy(ROOT / name, place)
    script(scripts / "engine.sh", "#!/bin/sh\n")
    script(scripts / "images.sh", '#!/bin/sh\ntouch "$1"\n')
    script(tools / "docker", DOCKER)
    (place / "calls").unlink(missing_ok=True)
    done = subprocess.run(
        [scripts / "up.sh"],
        env={"PATH": f"{tools}:{os.environ['PATH']}"} | quiet_ports() | environment,
        cwd=place,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    assert "PASS: every condition is met" in done.stdout
    return done.stdout, (place / "calls").read_text().splitlines()


def counted(calls: list[str], words: str) -> int:
    return sum(words in call for call in calls)


def test_a_caller_whose_clock_began_long_ago_takes_no_time_from_the_wait_for_the_verdict(tmp_path: Path) -> None:
    said, _ = make_up(tmp_path, STARTED_AT="1")
    assert said.endswith("market: SIMULATED\n")


def test_images_are_built_once_in_a_start_and_not_at_all_in_the_next(tmp_path: Path) -> None:
    said, calls = make_up(tmp_path)
    assert (counted(calls, "compose build"), counted(calls, "run --detach")) == (1, ASKED)
    assert [call for call in calls if "run --detach" in call and "stack-built" not in call] == []
    assert counted(calls, "compose up --detach --no-build") == counted(calls, "compose up") == 1
    assert "the last start" not in said
    said, calls = make_up(tmp_path)
    assert (counted(calls, "compose build"), counted(calls, "run --detach")) == (0, 0)
    assert counted(calls, "compose up --detach --no-build") == 1
    assert "images and settings are those of the last start" in said


def test_a_live_market_is_looked_for_at_each_start(tmp_path: Path) -> None:
    for _ in range(2):
        _, calls = make_up(tmp_path, SPARK_MARKET="live")
        assert (counted(calls, "compose build"), counted(calls, "run --detach")) == (1, ASKED)


def test_new_credentials_of_the_broker_are_read_at_the_next_start(tmp_path: Path) -> None:
    make_up(tmp_path)
    shutil.copy(ROOT / "scripts/bist.sh", tmp_path / "scripts")
    subprocess.run(
        ["bash", "scripts/bist.sh", "credentials"],
        env={"PATH": f"{tmp_path / 'tools'}:{os.environ['PATH']}"},
        cwd=tmp_path,
        input="key\nname\npassword\n",
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    _, calls = make_up(tmp_path)
    assert counted(calls, "run --detach") == ASKED
