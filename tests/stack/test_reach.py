"""The table of who reaches whom in gateway/README.md, tried from inside every running container."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import pytest

from tests.stack import reach
from tests.stack.reach import DOORS, HOST, OUTSIDE, Place, answering
from tests.stack.stack import Stack

LISTEN = """
import socket
listener = socket.create_server(("", 0))
print(listener.getsockname()[1], flush=True)
while True:
    listener.accept()
"""
THERE, HERE = "198.51.100.2", "198.51.100.1"
AT_ONCE = 6
"""Most tries wait for what never answers."""


@dataclass(frozen=True)
class World:
    """Places that take connections, and stand for the host and for the outside."""

    host: list[Place]
    outside: Place
    image: str


@contextmanager
def listener(*prefix: str) -> Iterator[int]:
    """A program that takes connections on all addresses of where it runs; gives its port."""
    with subprocess.Popen([*prefix, sys.executable, "-c", LISTEN], stdout=subprocess.PIPE, text=True) as program:
        assert program.stdout is not None
        try:
            yield int(program.stdout.readline())
        finally:
            program.kill()


@contextmanager
def machine_outside() -> Iterator[str]:
    """A network namespace behind a wire. It knows this machine's end of the wire and nobody else, as a machine of the
    internet does: it answers what came under an address that it knows."""
    name = f"spark{uuid.uuid4().hex[:6]}"

    def ip(*arguments: str) -> None:
        subprocess.run(["ip", *arguments], check=True, capture_output=True)

    ip("netns", "add", name)
    try:
        ip("link", "add", f"{name}h", "type", "veth", "peer", "name", f"{name}o", "netns", name)
        ip("addr", "add", f"{HERE}/24", "dev", f"{name}h")
        ip("link", "set", f"{name}h", "up")
        ip("-n", name, "addr", "add", f"{THERE}/24", "dev", f"{name}o")
        ip("-n", name, "link", "set", f"{name}o", "up")
        ip("-n", name, "link", "set", "lo", "up")
        yield name
    finally:
        subprocess.run(["ip", "link", "del", f"{name}h"], check=False, capture_output=True)
        ip("netns", "del", name)


def own_addresses() -> list[str]:
    """Every IPv4 address of this machine but loopback: of its network cards, and of the bridges of all networks."""
    shown = subprocess.run(["ip", "-4", "-o", "addr"], capture_output=True, text=True, check=True).stdout
    found = [line.split()[3].split("/")[0] for line in shown.splitlines()]
    return [address for address in found if not address.startswith("127.")]


@pytest.fixture(scope="module")
def world(stack: Stack) -> Iterator[World]:
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("WHO REACHES THE OUTSIDE IS NOT TRIED: a machine outside is made by root, with the command ip")
    image = stack.container("venue")["Config"]["Image"]
    with machine_outside() as name, listener() as here, listener("ip", "netns", "exec", name) as there:
        places = [(address, here) for address in own_addresses()]
        yield World(places, (THERE, there), image)


def reached(stack: Stack, world: World, container: dict[str, Any]) -> set[str]:
    """The names of those that answer a container, on any address and any port that they have."""
    names = reach.tried(stack, container) | dict.fromkeys(world.host, HOST) | {world.outside: OUTSIDE}
    return {names[place] for place in answering(world.image, container["Id"], list(names))}


def test_what_stands_for_the_host_and_the_outside_is_reached_by_a_container_of_an_open_network(
    stack: Stack, world: World
) -> None:
    """Without this, closed networks and a listener that nobody could reach would look the same."""
    container = stack.run("docker", "run", "--detach", "--network=bridge", world.image, "sleep", "60").stdout.strip()
    try:
        assert answering(world.image, container, [*world.host, world.outside]) >= {world.outside}
        assert answering(world.image, container, world.host)
    finally:
        stack.run("docker", "rm", "--force", container)


def test_everybody_reaches_whom_the_table_says_and_nobody_else(healthy: Stack, world: World) -> None:
    running = healthy.running_services()
    told = reach.documented()
    with ThreadPoolExecutor(AT_ONCE) as several:
        answers = several.map(lambda name: reached(healthy, world, healthy.container(name)) - {name}, running)
        found = dict(zip(running, answers, strict=True))
    sys.stdout.write(f"\n{reach.matrix(found)}\n")
    assert found == {name: told[name] & {*running, HOST, OUTSIDE} for name in running}


def test_nobody_but_the_host_reaches_a_door(healthy: Stack, world: World) -> None:
    everywhere = reach.addresses(healthy.container("gateway"))
    inside = [address for network, address in everywhere.items() if not network.endswith("_edge")]
    doors = [(address, port) for address in inside for port in DOORS.values()]
    others = [name for name in healthy.running_services() if name != "gateway"]
    with ThreadPoolExecutor(AT_ONCE) as several:
        answers = several.map(lambda name: answering(world.image, healthy.container(name)["Id"], doors), others)
        assert [name for name, found in zip(others, answers, strict=True) if found] == []
    with socket.create_connection(("127.0.0.1", healthy.services.port_for("gateway", 3003)), timeout=5):
        pass


@pytest.mark.parametrize(
    ("row", "setting", "network"),
    [
        ("marketdata (live)", {"SPARK_MARKET": "live"}, "market-live"),
        ("alertmanager (pages)", {"SPARK_RECEIVERS": "slack"}, "pages-on"),
        ("web (heartbeat)", {"SPARK_HEARTBEAT": "on"}, "pages-heartbeat"),
        ("canary (timestamp)", {"SPARK_TIMESTAMP_URL": "http://timestamp.example/"}, "pages-timestamp"),
    ],
)
def test_a_way_out_that_a_setting_opens_is_for_one_service_alone(
    healthy: Stack, world: World, row: str, setting: dict[str, str], network: str
) -> None:
    service = row.split()[0]
    switched = replace(healthy, environment=healthy.environment | setting)
    run = ("docker", "compose", "run", "--detach", "--no-deps", "--entrypoint", "sleep", service, "120")
    container = switched.run(*run).stdout.split()[-1]
    try:
        told = reach.documented()[row] & {*healthy.running_services(), HOST, OUTSIDE}
        inspected = dict(json.loads(switched.run("docker", "inspect", container).stdout)[0])
        assert reached(healthy, world, inspected) - {service} == told
    finally:
        switched.run("docker", "rm", "--force", container)
        switched.run("docker", "network", "rm", f"{healthy.project}_{network}")


def test_init_has_no_network_at_all(healthy: Stack) -> None:
    assert healthy.container("init")["HostConfig"]["NetworkMode"] == "none"
