"""`make up` finds the engine that is there. Where it can do nothing, it says so once and installs nothing."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from tests.scripts.checkout import Checkout

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
        input="".join((ROOT / "scripts" / name).read_text() for name in ("lib.sh", "host.sh")) + engine_script(),
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
    """The script without its first steps, which find the files beside it: nobody may not enter every checkout."""
    text = (ROOT / "scripts/engine.sh").read_text()
    for step in ('cd "$(dirname "$0")/.."\n', ". scripts/lib.sh\n", ". scripts/host.sh\n"):
        text = text.replace(step, "")
    return text


@pytest.mark.parametrize("command", ["up.sh", "compose.sh down", "secrets.sh", "engine.sh"])
@pytest.mark.parametrize("address", ["tcp://10.0.0.5:2375", "ssh://me@server"])
def test_an_engine_behind_a_network_is_refused_at_once(checkout: Checkout, command: str, address: str) -> None:
    done = checkout.bash(f"bash scripts/{command}", DOCKER_HOST=address)
    assert done.returncode == 1
    assert done.stderr.startswith(f"error: the engine at {address} is reached over a network, ")
    assert len(done.stderr.splitlines()) == 1


def test_an_engine_that_is_named_and_silent_is_told_and_no_other_is_installed(checkout: Checkout) -> None:
    done = checkout.bash("bash scripts/engine.sh", DOCKER_HOST="unix:///nowhere.sock", DEAF="yes", HEARS="nothing")
    assert done.returncode == 1
    assert done.stderr.startswith("error: no container engine answers at unix:///nowhere.sock\n")


@pytest.mark.parametrize("place", ["docker.sock", "podman/podman.sock"])
def test_a_rootless_engines_socket_is_found_and_mounted(checkout: Checkout, tmp_path: Path, place: str) -> None:
    path = tmp_path / "run" / place
    path.parent.mkdir(parents=True)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(path))
        done = checkout.bash(
            "use_stack; env", XDG_RUNTIME_DIR=str(tmp_path / "run"), DEAF="yes", HEARS=f"unix://{path}"
        )
    assert f"DOCKER_HOST=unix://{path}" in done.stdout.splitlines(), done.stderr
    assert f"SPARK_DOCKER_SOCKET={path}" in done.stdout.splitlines()


def test_the_socket_that_docker_host_names_is_mounted(checkout: Checkout) -> None:
    done = checkout.bash("use_stack; env", DOCKER_HOST="unix:///somewhere/engine.sock")
    assert "SPARK_DOCKER_SOCKET=/somewhere/engine.sock" in done.stdout.splitlines()


def test_a_socket_that_the_user_sets_is_kept(checkout: Checkout) -> None:
    done = checkout.bash("use_stack; env", SPARK_DOCKER_SOCKET="/mine.sock")
    assert "SPARK_DOCKER_SOCKET=/mine.sock" in done.stdout.splitlines()
