"""A client of the stream: what it knows after the events it was told."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

PLURALS = {"quotes": "quote", "books": "book", "statuses": "status", "auctions": "auction", "trades": "trade"}


class Event(NamedTuple):
    """One event of a stream; `id` is empty when it has none."""

    name: str
    id: str
    body: dict[str, Any]


def events(chunk: bytes) -> list[Event]:
    """The whole events in some bytes; comments are left out."""
    found = []
    for block in chunk.decode().split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.splitlines() if not line.startswith(":"))
        if "data" in fields:
            found.append(Event(fields["event"], fields.get("id", ""), json.loads(fields["data"])))
    return found


class Follower:
    """Applies events as the README tells a client to; `gaps` are symbols of which it must ask for the trades again."""

    def __init__(self) -> None:
        self.last_id, self.began = "", 0
        self.latest: dict[tuple[str, str], dict[str, Any]] = {}
        self.trades: dict[str, dict[str, dict[str, Any]]] = {}
        self.gaps: set[str] = set()

    def apply(self, event: Event) -> None:
        self.last_id = event.id or self.last_id
        if event.name == "snapshot":
            self.latest, self.trades, self.began = {}, {}, event.body["sequence"]
            for plural, kind in PLURALS.items():
                for body in event.body.get(plural, []):
                    self._take(kind, body)
        elif event.name == "unfollowed":
            gone = [key for key in self.latest if key[1] == event.body["symbol"]]
            for key in gone:
                del self.latest[key]
        elif event.name == "gap":
            self.gaps.add(event.body["symbol"])
        elif event.name != "resumed":
            self._take(event.name, event.body)

    def told(self, kind: str, symbol: str) -> Mapping[str, Any] | None:
        """The latest of a kind, but for its age, which only its reader knows."""
        return without_age(self.latest.get((kind, symbol)))

    def _take(self, kind: str, body: dict[str, Any]) -> None:
        if kind == "trade":
            self.trades.setdefault(body["symbol"], {})[body["trade_id"]] = body
        else:
            self.latest[kind, body["symbol"]] = body


def without_age(body: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return body and {name: value for name, value in body.items() if name != "age_seconds"}
