"""Market data with or without a tape, and every version of every book that it publishes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from common import wire
from common.clock import Clock
from common.loop import Stop, Supervisor
from common.tape import Taped
from common.verifier import verifier_of
from marketdata.link.dial import LinkTimings
from marketdata.parts import Parts, Timings
from marketdata.settings import Settings, TapeSettings
from marketdata.state.store import Store
from marketdata.tape.folder import readable
from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from marketdata.venues.btcturk.assembly import BtcturkTimings
from marketdata.venues.btcturk.history import HistoryTimings
from marketdata.venues.btcturk.resync import ResyncTimings
from tests.venue.algolab.rig import CREDENTIALS

LINK = LinkTimings(ping_interval=15.0, ping_timeout=60.0, silence=120.0, watch=0.05, socket=20.0, heartbeat=0.1)
PATIENT = ResyncTimings(first_data=120.0, rejoin=120.0, hopeless=120.0, no_data=120.0, unproved=120.0)
TIMINGS = Timings(
    link=LINK,
    btcturk=BtcturkTimings(resync=PATIENT, history=HistoryTimings(round=0.05)),
    algolab=AlgolabTimings(calls=0.02, logins=0.05, feed=FeedTimings(quiet=120.0)),
    backoff=(0.05, 0.5),
    first_dial=0.0,
)
"""Waits so long that none of them ends on a busy machine: what is published then depends on the frames alone."""


@dataclass
class Followed:
    """Market data that runs.

    parts: its parts.
    books: every version of every book so far: both sides, as the wire writes them.
    """

    parts: Parts
    books: dict[str, list[bytes]]


@contextmanager
def following(
    settings: Settings, folder: Path | None = None, clock: Clock | None = None, timings: Timings = TIMINGS
) -> Iterator[Followed]:
    """Runs market data until the block ends; records into `folder` where that is given."""
    tape = None if folder is None else TapeSettings(folder, 2**30)
    parts = Parts.build(replace(settings, tape=tape), Supervisor(Stop()), timings, clock)
    followed = Followed(parts, _versions(parts.store))
    parts.start()
    try:
        yield followed
    finally:
        parts.stop()


def with_bist(folder: Path, **more: str) -> dict[str, str]:
    """The settings of two shares; the secrets are written into a folder."""
    secrets = {
        "SPARK_ALGOLAB_API_KEY": CREDENTIALS.api_key,
        "SPARK_ALGOLAB_USERNAME": CREDENTIALS.username,
        "SPARK_ALGOLAB_PASSWORD": CREDENTIALS.password,
        "SPARK_OPERATOR_VERIFIER": verifier_of("operator-token"),
    }
    for name, secret in secrets.items():
        (folder / name).write_text(secret)
    files = {f"{name}_FILE": str(folder / name) for name in secrets}
    return {"SPARK_BIST_SYMBOLS": "THYAO,GARAN", "SPARK_DATA_DIR": str(folder), **files, **more}


def records(folder: Path) -> list[Taped]:
    """Everything on the tapes of a folder, in order."""
    return [taped for tape in readable(folder)[0] for taped in tape.records()]


def _versions(store: Store) -> dict[str, list[bytes]]:
    found: dict[str, list[bytes]] = {symbol: [] for symbol in store.symbols}

    def noting(name: str) -> None:
        apply = getattr(store, name)

        def applied(symbol: str, *rest: Any) -> Any:
            fault = apply(symbol, *rest)
            if fault is None:
                found[symbol].append(wire.encode(store._states[symbol].book.levels(1000)))
            return fault

        setattr(store, name, applied)

    noting("apply_book")
    noting("apply_rows")
    return found
