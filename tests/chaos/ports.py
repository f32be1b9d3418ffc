"""Ports for what is killed and started again: no outgoing connection may take one while its owner is down."""

from __future__ import annotations

import random
import socket

BELOW_EPHEMERAL = range(20_000, 32_000)
TRIES = 100


def free_port(rng: random.Random) -> int:
    """A port of loopback that nothing listens on; raises `OSError` when none was found."""
    for port in rng.sample(BELOW_EPHEMERAL, TRIES):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if probe.connect_ex(("127.0.0.1", port)) and _binds(port):
                return port
    raise OSError(f"none of {TRIES} ports is free")


def _binds(port: int) -> bool:
    try:
        socket.create_server(("127.0.0.1", port)).close()
    except OSError:
        return False
    return True
