"""The table of addresses at the end of `make up`."""

from __future__ import annotations

from tests.repo import compose
from tests.scripts.checkout import Checkout


def test_published_addresses_are_read_from_what_runs(checkout: Checkout) -> None:
    checkout.answer("containers-mine", "0123456789ab")
    checkout.answer(
        "ports-0123456789ab",
        "3003/tcp -> 127.0.0.1:3003",
        "4001/tcp -> [::1]:4001",
        "4002/tcp -> [::1]:4002",
        "6001/tcp -> 0.0.0.0:16001",
    )
    assert checkout.bash("STACK_NAME=mine; addresses").stdout.splitlines() == [
        "3003 127.0.0.1:3003",
        "4001 [::1]:4001",
        "4002 [::1]:4002",
        "6001 0.0.0.0:16001",
    ]


def test_every_published_port_has_a_line(checkout: Checkout) -> None:
    ports = compose.doors()
    checkout.answer("containers-mine", "0123456789ab")
    checkout.answer("ports-0123456789ab", *(f"{port}/tcp -> 127.0.0.1:{port}" for port in ports.values()))
    said = checkout.bash("STACK_NAME=mine SPARK_TLS= SPARK_BIND=127.0.0.1; print_table").stdout
    assert [name for name, port in ports.items() if f" http://127.0.0.1:{port}/" not in said] == []
