"""Faults of the exchange: away, silent, half open, wrong, refusing, out of its mind."""

from __future__ import annotations

import json
from typing import Any

from tests.faults.away import paused, stopped
from tests.faults.fault import FULL, Fault, Put, between
from tests.faults.ground import Ground

REPEATED = {"count": 10_000}
CALL = """
import sys, urllib.request
method, url, body = sys.argv[1:]
asked = urllib.request.Request(url, body.encode() or None, {"Content-Type": "application/json"}, method=method)
urllib.request.urlopen(asked, timeout=10).read()
"""


def call(ground: Ground, venue: str, method: str, body: dict[str, Any] | None = None) -> None:
    """Arms a fault of the simulated venue, or clears all of them."""
    url = f"http://127.0.0.1:7001/admin/{venue}/faults"
    ground.inside("venue", "python", "-c", CALL, method, url, json.dumps(body) if body else "")


def armed(venue: str, *faults: dict[str, Any]) -> Put:
    """Arms faults, and clears them in the end."""

    def begin(ground: Ground) -> None:
        for fault in faults:
            call(ground, venue, "POST", fault)

    return between(begin, lambda ground: call(ground, venue, "DELETE"))


FAULTS = (
    Fault(
        "stop-venue",
        "the exchange is stopped",
        stopped("venue"),
        "MarketDataStale",
        110,
        verdict="FAIL",
        heals=180,
        factor=FULL,
    ),
    Fault(
        "half-open",
        "the exchange hangs, its sockets stay open",
        paused("venue"),
        "MarketDataStale",
        110,
        heals=180,
        factor=FULL,
    ),
    Fault(
        "silence",
        "the exchange's sockets are open and bring nothing",
        armed("btcturk", {"fault": "silence", **REPEATED}),
        "MarketDataStale",
        240,
        heals=180,
        factor=FULL,
    ),
    Fault(
        "sequence-gaps",
        "every second frame of a book is lost",
        armed("btcturk", {"fault": "skip_cs", **REPEATED}),
        "ResyncStorm",
        720,
        heals=180,
        factor=FULL,
    ),
    Fault(
        "contradiction",
        "the ticker says other prices than the book",
        armed("btcturk", {"fault": "lying_ticker", "pair": "ETHTRY", "seconds": 600}),
        "BookStale",
        150,
        heals=240,
    ),
    Fault(
        "rate-limited",
        "the exchange answers REST calls with 429",
        armed("btcturk", {"fault": "rest_status", "status": 429, **REPEATED}),
        "FeedRateLimited",
        150,
        heals=180,
    ),
    Fault(
        "refused",
        "the exchange refuses new sockets with 403 after all were reset",
        armed(
            "btcturk",
            {"fault": "refuse_upgrade", "status": 403, **REPEATED},
            {"fault": "reset", "count": 20},
        ),
        "FeedStopped",
        120,
        heals=300,
        factor=FULL,
    ),
    Fault(
        "session-lost",
        "the broker ends the session and refuses the login",
        armed(
            "algolab",
            {"fault": "refuse_login", **REPEATED},
            {"fault": "expire_session"},
            {"fault": "close"},
        ),
        "FeedAuthRequired",
        120,
        heals=240,
        factor=FULL,
    ),
    Fault(
        "unreadable",
        "text that is no JSON comes in place of frames",
        armed("btcturk", {"fault": "garbage", "count": 200}),
        "FramesUnreadable",
        90,
        heals=180,
        quick=True,
    ),
)
