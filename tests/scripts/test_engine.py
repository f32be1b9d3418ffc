"""`make up` where it can do nothing: one clear error that names the two ways out, and nothing is installed."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NOBODY = 65534


@pytest.mark.parametrize("engine_command", [True, False], ids=["an engine it may not use", "no engine at all"])
def test_without_engine_and_root_there_is_one_error_with_two_ways_out(tmp_path: Path, engine_command: bool) -> None:
    if engine_command:
        docker = tmp_path / "docker"
        docker.write_text("#!/bin/sh\nexit 1\n")
        docker.chmod(0o755)
    for tool in ("bash", "date", "dirname", "mktemp", "id", "cut", "tr", "grep", "cat"):
        (tmp_path / tool).symlink_to(f"/usr/bin/{tool}")
    tmp_path.chmod(0o755)
    for parent in tmp_path.parents[:3]:
        parent.chmod(parent.stat().st_mode | 0o011)
    done = subprocess.run(
        ["/usr/bin/bash", "-s"],
        input=(ROOT / "scripts/lib.sh").read_text() + engine_script(),
        env={"PATH": str(tmp_path), "TMPDIR": "/tmp"},
        user=NOBODY if os.geteuid() == 0 else None,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert done.returncode == 1, done.stderr
    lines = done.stderr.splitlines()
    assert lines[0].startswith("error: ")
    assert "engine" in lines[0]
    assert "two ways out" in lines[1]
    assert "as root" in lines[2]
    assert done.stdout == ""


def engine_script() -> str:
    """The script without its first steps, which find the file beside it: nobody may not enter every checkout."""
    text = (ROOT / "scripts/engine.sh").read_text()
    return text.replace('cd "$(dirname "$0")/.."\n', "").replace(". scripts/lib.sh\n", "")
