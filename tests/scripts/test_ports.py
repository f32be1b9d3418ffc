"""A port that is taken or can't be one is told before anything starts: which, by whom, which setting changes it."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator

import pytest

from tests.scripts.checkout import Checkout, quiet_ports

pytestmark = pytest.mark.slow


@pytest.fixture
def free() -> dict[str, str]:
    return quiet_ports()


@pytest.fixture
def taken() -> Iterator[str]:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


def faults(checkout: Checkout, settings: dict[str, str]) -> list[str]:
    done = checkout.bash("check_host; echo nothing is in the way", **settings)
    assert (done.returncode == 0) == ("nothing is in the way" in done.stdout), done.stderr
    return done.stderr.splitlines()


def test_free_ports_are_in_nobodys_way(checkout: Checkout, free: dict[str, str]) -> None:
    assert faults(checkout, free) == []


def test_a_port_that_a_process_listens_on_is_told_with_the_process(
    checkout: Checkout, free: dict[str, str], taken: str
) -> None:
    told = faults(checkout, free | {"SPARK_PORT_WEB": taken})
    assert len(told) == 1
    assert told[0].startswith(f"error: port {taken} is taken by ")
    assert f"(process {os.getpid()})" in told[0]
    assert "SPARK_PORT_WEB" in told[0]


def test_a_port_that_a_container_publishes_is_told_with_the_container(
    checkout: Checkout, free: dict[str, str], taken: str
) -> None:
    checkout.answer(f"published-{taken}", "first-web-1|first|/srv/first")
    told = faults(checkout, free | {"SPARK_PORT_CANARY": taken})
    assert "the container first-web-1 of the stack in /srv/first" in told[0]
    assert "SPARK_PORT_CANARY" in told[0]


def test_the_stacks_own_containers_are_in_nobodys_way(checkout: Checkout, free: dict[str, str], taken: str) -> None:
    checkout.answer(f"published-{taken}", f"mine-web-1|mine|{checkout.path}")
    assert faults(checkout, free | {"SPARK_PORT_WEB": taken, "COMPOSE_PROJECT_NAME": "mine"}) == []


def test_with_all_addresses_a_listener_on_one_of_them_is_in_the_way(checkout: Checkout, free: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.9", 0)) as listener:
        port = str(listener.getsockname()[1])
        assert faults(checkout, free | {"SPARK_PORT_WEB": port}) == []
        open_to_all = {"SPARK_BIND": "0.0.0.0", "SPARK_TLS": "on", "SPARK_READ_TOKEN": "on"}
        assert f"port {port} is taken" in faults(checkout, free | open_to_all | {"SPARK_PORT_WEB": port})[0]


@pytest.mark.parametrize("port", ["abc", "0", "65536", "-1", "08080", "5001-5003", "1e3"])
def test_what_is_no_port_is_told(checkout: Checkout, free: dict[str, str], port: str) -> None:
    told = faults(checkout, free | {"SPARK_PORT_GRAFANA": port})
    assert told == [f"error: SPARK_PORT_GRAFANA={port}: must be a port from 1 to 65535"]


def test_everything_is_told_together(checkout: Checkout, free: dict[str, str], taken: str) -> None:
    wrong = {"SPARK_BIND": "nonsense", "SPARK_PORT_WEB": taken, "SPARK_PORT_CANARY": "x"}
    twice = {"SPARK_PORT_EXECUTOR_2": free["SPARK_PORT_EXECUTOR_1"]}
    told = "\n".join(faults(checkout, free | wrong | twice))
    for part in ("SPARK_BIND=nonsense", f"port {taken}", "SPARK_PORT_CANARY=x", "SPARK_PORT_EXECUTOR_2="):
        assert part in told
    assert told.count("error: ") == 4
