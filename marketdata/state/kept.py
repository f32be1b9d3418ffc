"""The parts of a symbol's bars that outlive a restart: what changed, and what was kept. Pure."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from marketdata.events import Bar, VenueTrade
from marketdata.state.bars import Order, Resolution
from marketdata.state.spans import Span

BarKind = Literal["grown", "told", "rolled"]
"""grown: a minute of trades. told: a final bar of the venue. rolled: a long bar of minutes that were dropped since."""
SpanKind = Literal["gap", "given_up"]


class Place(NamedTuple):
    """The place of one kept bar of a symbol.

    kind: where the bar is from.
    resolution: its length.
    start: when it began, in unix seconds.
    """

    kind: BarKind
    resolution: Resolution
    start: int


class KeptBar(NamedTuple):
    """A bar as it is kept.

    bar: the bar.
    complete: true when all of it was known.
    first, last: the places of its earliest and latest trade; None where it was not made of trades here.
    """

    bar: Bar
    complete: bool
    first: Order | None = None
    last: Order | None = None


@dataclass
class Dirt:
    """The names of everything of one symbol that changed since it was last kept. It is never larger than the symbol's
    bars and trades, however long nothing can be written.

    bars: the places of bars that came, changed or went.
    trades: the ids of trades that came or went.
    spans: true when spans changed.
    """

    bars: set[Place] = field(default_factory=set)
    trades: set[str] = field(default_factory=set)
    spans: bool = False

    def __bool__(self) -> bool:
        return bool(self.bars or self.trades or self.spans)

    def add(self, more: Dirt) -> None:
        """Adds what could not be written."""
        self.bars |= more.bars
        self.trades |= more.trades
        self.spans |= more.spans


Bars = dict[Place, KeptBar]
SpansByKind = dict[tuple[SpanKind, Resolution], list[Span]]


class KeptSeries(NamedTuple):
    """A symbol's bars, trades and spans, or those of them that changed.

    bars: the bars by their places.
    trades: the latest trades by their ids.
    spans: the spans by their kind and resolution; empty when none changed.
    """

    bars: Bars
    trades: dict[str, VenueTrade]
    spans: SpansByKind


class Changes(NamedTuple):
    """The changes of one symbol, read in one moment.

    symbol: the symbol.
    now: the present of everything that changed; what is not in it is gone.
    dirt: the names of everything that changed.
    """

    symbol: str
    now: KeptSeries
    dirt: Dirt
