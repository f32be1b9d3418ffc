"""`make up` tells within seconds what stops it, and touches nothing that runs, of this checkout or another."""

from __future__ import annotations

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.repo.tree import paths
from tests.stack.stack import ROOT, Stack


@pytest.fixture
def untouched(healthy: Stack) -> Iterator[Stack]:
    """The stack, whose containers must be the same ones, started at the same time, after the test."""
    before = containers(healthy)
    yield healthy
    assert containers(healthy) == before


def containers(stack: Stack) -> dict[str, str]:
    """Each container's id with the time at which it started."""
    identities = stack.compose("ps", "--all", "--quiet").split()
    shown = stack.run("docker", "inspect", "--format", "{{.Id}} {{.State.StartedAt}}", *identities).stdout
    return dict(line.split() for line in shown.splitlines())


def refused(stack: Stack, *command: str, **environment: str) -> list[str]:
    """Returns the errors of a command that must fail."""
    begun = time.monotonic()
    done = replace(stack, environment=stack.environment | environment).run(*command, check=False)
    assert done.returncode != 0, done.stdout
    assert time.monotonic() - begun < 60
    return [line for line in done.stderr.splitlines() if line.startswith("error: ")]


@pytest.fixture
def other_checkout(tmp_path: Path) -> Path:
    """The same code in a folder of its own, whose name has a space in it."""
    place = tmp_path / "other checkout"
    for path in paths():
        if path.parts[0] in ("scripts", "Makefile", "docker-compose.yml"):
            (place / path).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / path, place / path)
    return place


def test_a_port_that_is_taken_and_a_wrong_address_are_told_together(untouched: Stack) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
        told = refused(untouched, "make", "up", SPARK_PORT_WEB=port, SPARK_BIND="nonsense")
    assert len(told) == 2
    assert "SPARK_BIND=nonsense" in told[0]
    assert f"port {port} is taken by " in told[1]
    assert "SPARK_PORT_WEB" in told[1]


def test_wrong_settings_and_a_live_market_out_of_reach_are_told_together_by_the_services(untouched: Stack) -> None:
    live = {"SPARK_MARKET": "live", "SPARK_BTCTURK_WS_URL": "wss://nowhere.invalid"}
    told = refused(untouched, "make", "up", SPARK_MAX_EXPOSURE="abc", SPARK_RESTART_BUDGET="x", **live)
    assert "error: SPARK_RESTART_BUDGET='x': must be a whole number from 0 to 1000 (canary)" in told
    assert any("SPARK_MAX_EXPOSURE" in line and "'abc'" in line and "(executor)" in line for line in told), told
    assert any(
        "SPARK_MARKET=live: " in line and " is not reached from a container: " in line and "(marketdata)" in line
        for line in told
    ), told


def test_another_checkout_does_not_touch_this_ones_stack(untouched: Stack, other_checkout: Path) -> None:
    for command in ("down", "clean", "up"):
        done = subprocess.run(
            ["make", command],
            cwd=other_checkout,
            env=untouched.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode != 0
        assert done.stderr.startswith(f"error: the stack {untouched.project} belongs to the folder {ROOT}: ")


def test_a_stack_of_its_own_is_all_that_another_checkout_stops(untouched: Stack, other_checkout: Path) -> None:
    unnamed = {name: value for name, value in untouched.environment.items() if name != "COMPOSE_PROJECT_NAME"}
    for command in ("down", "clean"):
        subprocess.run(["make", command], cwd=other_checkout, env=unnamed, capture_output=True, text=True, check=True)


def test_a_stranger_under_the_stacks_name_is_neither_removed_nor_overlooked(untouched: Stack) -> None:
    name = f"{untouched.project}-stranger"
    label = f"--label=com.docker.compose.project={untouched.project}"
    image = untouched.container("init")["Config"]["Image"]
    untouched.run("docker", "run", "--detach", f"--name={name}", label, "--network=none", image, "sleep", "300")
    try:
        for command in ("down", "up"):
            assert f"the container {name}, which is no part of Spark" in refused(untouched, "make", command)[0]
        assert untouched.run("docker", "inspect", name).returncode == 0
    finally:
        untouched.run("docker", "rm", "--force", name)


def test_an_engines_socket_at_another_place_is_mounted_and_the_canary_sees_the_containers(
    healthy: Stack, tmp_path: Path
) -> None:
    link = tmp_path / "engine.sock"
    link.symlink_to("/var/run/docker.sock")
    elsewhere = replace(healthy, environment=healthy.environment | {"DOCKER_HOST": f"unix://{link}"})
    proxy = "docker compose up --detach --no-deps docker-proxy"
    try:
        elsewhere.run("bash", "-c", f". scripts/lib.sh; . scripts/host.sh; use_stack; {proxy}")
        assert [mount["Source"] for mount in healthy.container("docker-proxy")["Mounts"]] == [str(link)]
        healthy.wait(healthy.settled, 60, "the canary sees the containers through that socket")
    finally:
        healthy.run(*proxy.split())
