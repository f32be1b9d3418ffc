"""Asks, from inside a container's network, what answers; and reads the documentation's table of who reaches whom."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from tests.repo import compose
from tests.stack.stack import ROOT, Stack

HOST, OUTSIDE = "host", "outside"
HEALTH = 8404
DOORS = compose.doors()


def listening(service: str, environment: Mapping[str, str]) -> list[int]:
    """The ports that a service listens on in its container."""
    if service == "gateway":
        return [HEALTH, *DOORS.values()]
    set_by_name = [int(port) for name, port in environment.items() if re.fullmatch("PORT|SPARK_.*_PORT", name)]
    return set_by_name or [5432 if service == "postgres" else DOORS[service]]


PORTS = {
    name: listening(name, block.get("environment", {}))
    for name, block in sorted(compose.services().items())
    if name not in compose.one_shots()
}
CHOSEN = {
    "market-${SPARK_MARKET:-simulated}": "market-simulated",
    "pages${SPARK_RECEIVERS:+-on}": "pages",
    "pages${SPARK_HEARTBEAT:+-heartbeat}": "pages",
    "pages${SPARK_TIMESTAMP_URL:+-timestamp}": "pages",
}
"""The networks that a setting chooses, with what it chooses by default."""
PROGRAM = """
import concurrent.futures, json, socket, sys
def answers(place):
    try:
        socket.create_connection(tuple(place), 2).close()
    except OSError:
        return None
    return place
places = json.load(sys.stdin)
with concurrent.futures.ThreadPoolExecutor(64) as pool:
    print(json.dumps([place for place in pool.map(answers, places) if place]))
"""

Place = tuple[str, int]


def addresses(container: Mapping[str, Any]) -> dict[str, str]:
    """A container's address in each of its networks, by the network's name."""
    networks = container["NetworkSettings"]["Networks"]
    return {name: network["IPAddress"] for name, network in networks.items() if network["IPAddress"]}


def leads_away(address: str) -> bool:
    """True when this machine would send a packet for the address to another machine."""
    shown = subprocess.run(["ip", "-4", "route", "get", address], capture_output=True, text=True, check=False).stdout
    return " via " in shown


def tried(stack: Stack, container: Mapping[str, Any]) -> dict[Place, str]:
    """Every port of every service, as a container tries it: place to service.

    From a network with a way out, an address that this machine has no wire to would be asked for outside, where
    anybody may answer, and nothing of a test may go there. Such an address is not tried: it is not reached here.
    """
    own = set(addresses(container))
    shown = stack.run("docker", "network", "inspect", "--format={{.Internal}}", *own).stdout.split()
    found: dict[Place, str] = {}
    for service in stack.running_services():
        for network, address in addresses(stack.container(service)).items():
            if network in own or "false" not in shown or not leads_away(address):
                found |= {(address, port): service for port in PORTS[service]}
    return found


def answering(image: str, container: str, places: list[Place]) -> set[Place]:
    """Those of the places that take a connection from inside the container's network."""
    options = ["--rm", "--interactive", f"--network=container:{container}", "--cap-drop=ALL", "--user=10001:10001"]
    command = ["docker", "run", *options, image, "python", "-c", PROGRAM]
    done = subprocess.run(command, input=json.dumps(places), capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    return {(address, port) for address, port in json.loads(done.stdout)}


def documented() -> dict[str, set[str]]:
    """The table of gateway/README.md: from whom to whom."""
    text = (ROOT / "gateway/README.md").read_text().split("| from | reaches |")[1]
    rows = re.findall(r"^\| ([a-z0-9-]+(?: \((?:live|pages|heartbeat|timestamp)\))?) \| (.*?) ?\|$", text, re.MULTILINE)
    return {name: {each for each in reached.split(", ") if each} for name, reached in rows}


def declared() -> dict[str, set[str]]:
    """The same as docker-compose.yml has it, without host and outside, with the default settings."""
    members = {
        name: {CHOSEN.get(network, network) for network in block.get("networks", [])}
        for name, block in compose.services().items()
    }
    return {
        name: {other for other, theirs in members.items() if other != name and networks & theirs}
        for name, networks in members.items()
    }


def matrix(found: Mapping[str, set[str]]) -> str:
    """The table as a picture: a row for each that asks, a column for each that is asked."""
    columns = [*PORTS, HOST, OUTSIDE]
    marks = {name: ["x" if each in reached else "." for each in columns] for name, reached in found.items()}
    rows = [f"{name:18}" + "".join(f"{mark:^14}" for mark in row) for name, row in marks.items()]
    return "\n".join([" " * 18 + "".join(f"{each:^14}" for each in columns), *rows])
