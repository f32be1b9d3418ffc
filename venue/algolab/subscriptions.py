"""The subscriptions of one socket, and the frames that are due on them. Pure: frames in, frames out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Literal

import msgspec

from venue.algolab import frames
from venue.algolab.frames import Frame
from venue.algolab.stock import ROWS
from venue.algolab.views import EMPTY_ROW, BistView, DepthRow

RequestKind = Literal["subscription", "heartbeat", "wrong_token", "unreadable"]

EVERYTHING = "ALL"
MOST_SYMBOLS = 2_000
"""Of ticks and books together; enough for both of every share of the exchange, and to ask for either again."""


class _Request(msgspec.Struct):
    """One frame of a client.

    Type: `T` for ticks, `D` for books, `H` for a heartbeat.
    Token: the session's Authorization.
    token: the same, as the usual client spells the key.
    Symbols: the symbols to subscribe to; `ALL` stands for every one.
    """

    Type: str
    Token: str = ""
    token: str = ""
    Symbols: tuple[str, ...] = ()


_request = msgspec.json.Decoder(_Request)


class SymbolSubscriptions:
    """The subscriptions of one socket. They add up. A second one to the same book sends all of its rows again."""

    def __init__(self, token: str) -> None:
        """`token` is the Authorization that the socket was opened with."""
        self._token = token
        self._ticks: set[str] = set()
        self._books: set[str] = set()
        self._ticks_sent: dict[str, int] = {}
        self._rows_sent: dict[str, tuple[tuple[DepthRow, ...], tuple[DepthRow, ...]]] = {}

    def __len__(self) -> int:
        return len(self._ticks) + len(self._books)

    def symbols(self) -> set[str]:
        """Returns the symbols of all subscriptions, of any type."""
        return self._ticks | self._books

    def receive(self, text: str | bytes, views: Mapping[str, BistView]) -> RequestKind:
        """Takes one frame of the client; returns its kind. Ticks are due from now on; a book begins with every row."""
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
        if wanted is self._books:
            for symbol in request.Symbols:
                self._rows_sent.pop(symbol, None)
        if wanted is self._ticks:
            for symbol in self._known(wanted, views):
                self._ticks_sent.setdefault(symbol, views[symbol].tick_count)
        return "subscription"

    def due(self, views: Mapping[str, BistView]) -> list[Frame]:
        """Returns the frames that are due now."""
        due: list[Frame] = []
        for symbol in self._known(self._ticks, views):
            due += self._new_ticks(views[symbol])
        for symbol in self._known(self._books, views):
            due += self._changed_rows(views[symbol])
        return due

    def _known(self, wanted: set[str], views: Mapping[str, BistView]) -> Iterable[str]:
        return [symbol for symbol in views if EVERYTHING in wanted or symbol in wanted]

    def _new_ticks(self, view: BistView) -> list[Frame]:
        new = min(view.tick_count - self._ticks_sent.setdefault(view.symbol, view.tick_count), len(view.ticks))
        self._ticks_sent[view.symbol] = view.tick_count
        return [frames.tick(view, tick) for tick in view.ticks[len(view.ticks) - new :]]

    def _changed_rows(self, view: BistView) -> list[Frame]:
        before = self._rows_sent.get(view.symbol, ((), ()))
        if before[0] is view.bids and before[1] is view.asks:
            return []
        self._rows_sent[view.symbol] = (view.bids, view.asks)
        due: list[Frame] = []
        sides: tuple[tuple[frames.Side, tuple[DepthRow, ...], tuple[DepthRow, ...]], ...] = (
            ("B", before[0], view.bids),
            ("S", before[1], view.asks),
        )
        for side, old, new in sides:
            for number in range(ROWS):
                row = new[number] if number < len(new) else EMPTY_ROW
                if row != (old[number] if number < len(old) else EMPTY_ROW):
                    due.append(frames.row(view, side, number, row))
        return due
