"""The cost of the gateway's step: the same reading and the same orders through its door and at the executor itself.

The clients run in a container of their own in both networks, so the engine's way from a published port is in neither.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.order_runs import SECONDS, Measured
from bench.rows import Row, row
from bench.stack_rows import running_stack
from bench.stream_clients import percentile
from tests.stack.stack import PORTS, Stack

CLIENTS = (1, 16)
RUNS = 5
PROGRAM = (Path(__file__).parent / "gateway_clients.py").read_text()
EXECUTOR, PORT = "executor-1", PORTS["executor-1"]
NETWORKS = {"gateway": "edge", EXECUTOR: "trading"}
"""The network in which each answers at its door."""
LATENCIES = {"p50": "ms", "p95": "ms"}
UNITS = LATENCIES | {"rate": "1/s"}


def measure() -> list[Row]:
    """Latency and rate through the door; baseline: without it."""
    with running_stack() as stack, _client(stack) as client:
        rows = [row for clients in CLIENTS for row in _rows(stack, client, "read", clients, UNITS)]
        return rows + _rows(stack, client, "order", 1, LATENCIES)


@contextmanager
def _client(stack: Stack) -> Iterator[str]:
    """A container with Python alone, which reaches the door and the executor; gives its name."""
    name, image = f"{stack.project}-client", stack.container("init")["Config"]["Image"]
    stack.run("docker", "run", "--detach", "--init", "--network=none", f"--name={name}", image, "sleep", "infinity")
    try:
        stack.run("docker", "network", "disconnect", "none", name)
        for network in NETWORKS.values():
            stack.run("docker", "network", "connect", f"{stack.project}_{network}", name)
        yield name
    finally:
        stack.run("docker", "rm", "--force", name)


def _rows(stack: Stack, client: str, kind: str, clients: int, units: dict[str, str]) -> list[Row]:
    """Each is measured in turn, so that both meet the same machine."""
    told: dict[str, list[Measured]] = {"gateway": [], EXECUTOR: []}
    for _ in range(RUNS):
        for service, measured in told.items():
            measured.append(_asked(stack, client, service, kind, clients))
    through, direct = told.values()
    return [
        row(f"gateway_{kind}_{name}_{clients}", [one[name] for one in through], unit, [one[name] for one in direct])
        for name, unit in units.items()
    ]


def _asked(stack: Stack, client: str, service: str, kind: str, clients: int) -> Measured:
    """Returns the rate and the latencies that so many clients get there."""
    networks = stack.container(service)["NetworkSettings"]["Networks"]
    address = networks[f"{stack.project}_{NETWORKS[service]}"]["IPAddress"]
    host = stack.url(EXECUTOR).removeprefix("http://")
    arguments = (address, str(PORT), host, kind, str(clients), str(SECONDS))
    command = ("docker", "exec", "-i", client, "python", "-c", PROGRAM, *arguments)
    latencies = json.loads(stack.run(*command, given=stack.operator_token + "\n").stdout)
    quantiles = {"p50": percentile(latencies, 0.5), "p95": percentile(latencies, 0.95)}
    return quantiles | {"rate": len(latencies) / SECONDS}
