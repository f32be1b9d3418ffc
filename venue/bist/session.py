"""One socket's side of AlgoLab's protocol: what it subscribed to, and what it is owed. Pure: frames in, frames out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from venue.bist import frames
from venue.bist.frames import Frame
from venue.bist.stock import ROWS
from venue.bist.views import EMPTY_ROW, Row, View

Heard = Literal["subscription", "heartbeat", "wrong_token", "unreadable"]

EVERYTHING = "ALL"
MOST_SYMBOLS = 1_000


class _Request(msgspec.Struct):
    """The documented keys, and `token` as the usual client spells it."""

    Type: str
    Token: str = ""
    token: str = ""
    Symbols: tuple[str, ...] = ()


_request = msgspec.json.Decoder(_Request)


class Session:
    """The subscriptions of the socket that was opened with `token`. They add up; the same one twice changes nothing."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._ticks: set[str] = set()
        self._books: set[str] = set()
        self._told: dict[str, int] = {}
        self._rows: dict[str, tuple[tuple[Row, ...], tuple[Row, ...]]] = {}

    def __len__(self) -> int:
        return len(self._ticks) + len(self._books)

    def symbols(self) -> set[str]:
        """What it asked for, under any type."""
        return self._ticks | self._books

    def receive(self, text: str | bytes, views: Mapping[str, View]) -> Heard:
        """Takes one frame of the client. Ticks are owed from now on; of a book, first every row."""
        try:
            request = _request.decode(text)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return "unreadable"
        if self._token not in (request.Token, request.token):
            return "wrong_token"
        if request.Type == "H":
            return "heartbeat"
        wanted = {"T": self._ticks, "D": self._books}.get(request.Type)
        if wanted is None or not request.Symbols or len(self) + len(request.Symbols) > MOST_SYMBOLS:
            return "unreadable"
        wanted.update(request.Symbols)
        if wanted is self._ticks:
            for symbol in self._named(wanted, views):
                self._told.setdefault(symbol, views[symbol].tick_count)
        return "subscription"

    def due(self, views: Mapping[str, View]) -> list[Frame]:
        """Everything that the client is owed now."""
        owed: list[Frame] = []
        for symbol in self._named(self._ticks, views):
            owed += self._new_ticks(views[symbol])
        for symbol in self._named(self._books, views):
            owed += self._changed_rows(views[symbol])
        return owed

    def _named(self, wanted: set[str], views: Mapping[str, View]) -> Iterable[str]:
        return [symbol for symbol in views if EVERYTHING in wanted or symbol in wanted]

    def _new_ticks(self, view: View) -> list[Frame]:
        new = min(view.tick_count - self._told.setdefault(view.symbol, view.tick_count), len(view.ticks))
        self._told[view.symbol] = view.tick_count
        return [frames.tick(view, told) for told in view.ticks[len(view.ticks) - new :]]

    def _changed_rows(self, view: View) -> list[Frame]:
        before = self._rows.get(view.symbol, ((), ()))
        self._rows[view.symbol] = (view.bids, view.asks)
        owed: list[Frame] = []
        sides: tuple[tuple[frames.Side, tuple[Row, ...], tuple[Row, ...]], ...] = (
            ("B", before[0], view.bids),
            ("S", before[1], view.asks),
        )
        for side, old, new in sides:
            for number in range(ROWS):
                held = new[number] if number < len(new) else EMPTY_ROW
                if held != (old[number] if number < len(old) else EMPTY_ROW):
                    owed.append(frames.row(view, side, number, held))
        return owed
