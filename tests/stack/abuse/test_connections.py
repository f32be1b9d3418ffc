"""Connections that take without giving: during and after each kind, others are served as before."""

from __future__ import annotations

import socket
import time

import pytest

from tests.stack.abuse.conftest import Unharmed
from tests.stack.abuse.connections import drip, open_connections
from tests.stack.abuse.raw import Door, collect, request
from tests.stack.stack import Stack

PATIENCE_SECONDS = 20.0
"""The time within which a connection that says too little must have been ended."""
STREAMS = {
    "marketdata": "/v1/stream?symbols=BTCTURK:BTCTRY",
    "executor-1": "/v1/orders/stream",
    "executor-2": "/v1/orders/stream",
    "web": "/api/live",
}


def test_slow_heads_are_ended(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed(), open_connections(doors, 200) as connections:
        for door, connection in connections:
            connection.sendall(f"GET {door.path} HTTP/1.1\r\nHost: {door.host}\r\nX-Slow: ".encode())
        assert drip(connections, b"a", PATIENCE_SECONDS) == 0


@pytest.mark.parametrize("length", ["Content-Length: 10000", "Transfer-Encoding: chunked"])
def test_slow_bodies_are_answered_before_they_end(
    unharmed: Unharmed, healthy: Stack, doors: list[Door], length: str
) -> None:
    paths = {
        "web": "/api/orders",
        "executor-1": "/v1/orders",
        "executor-2": "/v1/orders",
        "prometheus": "/api/v1/query",
    }
    piece = b"1\r\n1\r\n" if "chunked" in length else b"1"
    with unharmed(), open_connections([door for door in doors if door.service in paths], 100) as connections:
        for door, connection in connections:
            token = f"Authorization: Bearer {healthy.operator_token}"
            form = "Content-Type: application/x-www-form-urlencoded"
            connection.sendall(request(door, "POST", paths[door.service], token, form, length, end=False))
        assert drip(connections, piece, PATIENCE_SECONDS) == 0


def test_connections_that_say_nothing_are_ended(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed(), open_connections(doors, 200) as connections:
        for _, connection in connections[::2]:
            connection.shutdown(socket.SHUT_WR)
        silent = [connection for _, connection in connections[1::2]]
        end = time.monotonic() + PATIENCE_SECONDS
        for connection in silent:
            connection.settimeout(max(0.1, end - time.monotonic()))
            # A 408 may come first.
            while connection.recv(4096):
                pass


def test_300_streams_leave_room_and_those_refused_are_told_when_to_come_again(
    unharmed: Unharmed, healthy: Stack, doors: list[Door]
) -> None:
    streaming = [door for door in doors if door.service in STREAMS]
    # That streams are refused is a warning when it goes on for five minutes; it begins here.
    with unharmed("StreamsRefused"), open_connections(streaming, 300) as connections:
        for door, connection in connections:
            connection.sendall(request(door, "GET", STREAMS[door.service], end=False))
        time.sleep(3.0)
        for executor in ("executor-1", "executor-2"):
            assert healthy.get(executor, "/readyz")["ready"]
        heads = []
        for door, connection in connections:
            connection.settimeout(5.0)
            heads.append((door, connection.recv(65536)))
    statuses = {(door.service, head[9:12]) for door, head in heads}
    assert {status for _, status in statuses} == {b"200", b"429"}, statuses
    assert all(b"\r\nretry-after: " in head.lower() for _, head in heads if head[9:12] == b"429")


def test_streams_that_are_never_read_are_ended_or_cost_nothing(unharmed: Unharmed, doors: list[Door]) -> None:
    streaming = [door for door in doors if door.service in STREAMS]
    with unharmed(), open_connections(streaming, 40) as connections:
        for door, connection in connections:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            connection.sendall(request(door, "GET", STREAMS[door.service], end=False))
        time.sleep(8.0)


CUT = b"\x01\x00\x00\x00\x00\x00\x00\x00"
"""The option of a socket that ends it by a reset."""


def cut_in_the_middle(doors: list[Door], count: int) -> None:
    with open_connections(doors, count) as connections:
        for door, connection in connections:
            connection.sendall(request(door, "GET", door.path, end=False))
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, CUT)


def test_connections_that_are_cut_in_the_middle_leave_nothing_behind(unharmed: Unharmed, doors: list[Door]) -> None:
    with unharmed():
        for _ in range(5):
            cut_in_the_middle(doors, 40)
        door = doors[0]
        with door.connect() as connection:
            connection.sendall(request(door, "GET", door.path))
            assert collect(door, connection).statuses == (200,)


@pytest.mark.parametrize("service", ["alertmanager", "prometheus"])
def test_many_reads_at_one_door_that_are_cut_refuse_nobody_else(
    unharmed: Unharmed, doors: list[Door], service: str
) -> None:
    """Alertmanager by itself answers eight at once, and refuses all others with 503."""
    with unharmed():
        for _ in range(10):
            cut_in_the_middle([door for door in doors if door.service == service], 50)
