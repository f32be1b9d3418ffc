"""Faults of the ledger's database: away, hanging, without connections, without room, slow."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.away import paused, stopped
from tests.faults.fault import Fault
from tests.faults.ground import Ground
from tests.stack.stack import ROOT

HELD_CONNECTIONS = 100
SMALL_DISK = {"driver": "local", "driver_opts": {"type": "tmpfs", "device": "tmpfs", "o": "size=160m,uid=999,gid=999"}}
PSQL = ("psql", "-U", "spark", "-d", "spark", "-AtXq", "-c")
LOCKED_SECONDS = 1.4
OTHERS_OUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'spark_executor'"


@contextmanager
def background(ground: Ground, service: str, script: str) -> Iterator[None]:
    """Runs a shell script in a container until the block is left."""
    command = ["docker", "exec", ground.identity(service), "sh", "-c", f"echo $$ >/tmp/fault; {script}"]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        end = "kill $(cat /tmp/fault); for each in $(pgrep -P $(cat /tmp/fault)); do kill $each; done; rm /tmp/fault"
        ground.inside(service, "sh", "-c", end, check=False)
        process.terminate()
        process.wait(10)


@contextmanager
def _no_connections(ground: Ground) -> Iterator[None]:
    """Holds every connection that the database gives, and then ends those of the executors."""
    one = f"(while :; do {' '.join(PSQL)} 'SELECT pg_sleep(600)'; done)"
    hold = f"for each in $(seq {HELD_CONNECTIONS}); do {one} & done; wait"
    with background(ground, "postgres", hold):
        ground.inside("postgres", *PSQL, OTHERS_OUT, check=False)
        yield
    ended = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query = 'SELECT pg_sleep(600)'"
    ground.inside("postgres", *PSQL, ended, check=False)


@contextmanager
def _slow(ground: Ground) -> Iterator[None]:
    """Locks the ledger's table again and again for so long that every order takes more than a second."""
    lock = f"BEGIN; LOCK TABLE events IN EXCLUSIVE MODE; SELECT pg_sleep({LOCKED_SECONDS}); COMMIT"
    with background(ground, "postgres", f'while :; do {" ".join(PSQL)} "{lock}"; sleep 0.1; done'):
        yield


@contextmanager
def _disk_full(ground: Ground) -> Iterator[None]:
    fill = "dd if=/dev/zero of=/var/lib/postgresql/data/fault bs=64k 2>/dev/null; true"
    ground.inside("postgres", "sh", "-c", fill)
    try:
        yield
    finally:
        ground.inside("postgres", "rm", "-f", "/var/lib/postgresql/data/fault", check=False)


FAULTS = (
    Fault(
        "stop-postgres", "the database is stopped", stopped("postgres"), "LedgerDown", 60, verdict="FAIL", quick=True
    ),
    Fault("hang-postgres", "the database hangs", paused("postgres"), "LedgerDown", 80, verdict="FAIL"),
    Fault("no-connections", "the database has no connection left", _no_connections, "LedgerDown", 90),
    Fault(
        "database-disk-full",
        "the database's disk is full",
        _disk_full,
        "LedgerDown",
        90,
        more={"volumes": {"ledger-data": SMALL_DISK}},
    ),
    Fault("slow-orders", "orders take more than 1 s (full length)", _slow, "HighRequestLatency", 720, factor=1.0),
)
