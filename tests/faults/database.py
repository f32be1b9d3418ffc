"""Faults of the ledger's database: away, hanging, without connections, without room, slow."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

from tests.faults.away import paused, stopped
from tests.faults.fault import FULL, Fault
from tests.faults.ground import Ground
from tests.faults.misuse import again_and_again

PSQL = ("psql", "-U", "spark", "-d", "spark", "-AtXq", "-c")
LOCKED_SECONDS = 1.4
HOLD = """
import os, time, psycopg
url = os.environ["SPARK_LEDGER_URL"].replace("+psycopg", "")
with open(os.environ["SPARK_LEDGER_PASSWORD_FILE"]) as file:
    password = file.read().strip()
held = []
while True:
    try:
        held.append(psycopg.connect(url, password=password, application_name="fault"))
    except psycopg.OperationalError:
        time.sleep(0.02)
"""
"""Takes every connection that becomes free, as a client that leaks them."""
OTHERS_OUT = """SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                WHERE usename = 'spark_executor' AND application_name <> 'fault'"""


@contextmanager
def background(ground: Ground, service: str, script: str) -> Iterator[None]:
    """Runs a shell script in a container until the block is left."""
    command = ["docker", "exec", ground.identity(service), "sh", "-c", f"echo $$ >/tmp/fault; {script}"]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        ground.inside(service, "sh", "-c", "kill $(cat /tmp/fault); rm /tmp/fault", check=False)
        process.terminate()
        process.wait(10)


@contextmanager
def _no_connections(ground: Ground) -> Iterator[None]:
    """Has a client take every connection of the database, and whatever an executor gets in between is taken away."""

    def turn_out() -> None:
        ground.inside("postgres", *PSQL, OTHERS_OUT, check=False)

    with background(ground, "executor-2", f"exec python -c '{HOLD}'"), again_and_again(turn_out, 1.0):
        yield


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
        "FastBurn",
        90,
        small={"ledger-data": "size=160m,uid=999,gid=999,mode=0700"},
    ),
    Fault("slow-orders", "orders take more than 1 s (full length)", _slow, "HighRequestLatency", 720, factor=FULL),
)
