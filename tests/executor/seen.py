"""The market as a test has two executors see it: each has its own books, and both have the same marks."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from common.wire import Book, Instrument, Level
from executor.market.symbol_view import SymbolView
from executor.quotes import QuoteClient
from executor.valuation import Mark, Marks, pair
from tests.executor.reference import Shown
from tests.executor.reference_money import PRICE, QUANTITY
from tests.executor.standin import BEGIN, BTCTRY, BTCUSDT, USDTTRY

PAIRS = {BTCTRY: ("BTC", "TRY"), USDTTRY: ("USDT", "TRY"), BTCUSDT: ("BTC", "USDT")}
FIRST = Shown(((9990, 20_000), (9980, 50_000)), ((10_010, 60_000), (10_020, 50_000)), 0)


class Seen(QuoteClient):
    """The books that one executor sees, and the marks that both see."""

    def __init__(self, marked: dict[str, int]) -> None:
        self.marked = marked
        self.shown = dict.fromkeys(PAIRS, FIRST)
        self.monotonic = lambda: 0.0

    def look(self, symbol: str) -> SymbolView:
        shown, (base, quote) = self.shown[symbol], PAIRS[symbol]
        instrument = Instrument(
            symbol=symbol,
            base_asset=base,
            quote_currency=quote,
            tick_size=Decimal("0.01"),
            lot_size=Decimal("0.0001"),
            min_notional=Decimal(10),
        )
        book = Book(
            symbol=symbol,
            market="simulated",
            source="test",
            delayed=False,
            sequence=shown.seen,
            received_at=BEGIN + timedelta(seconds=shown.seen),
            base_asset=base,
            quote_currency=quote,
            bids=_levels(shown.bids),
            asks=_levels(shown.asks),
            age_seconds=0.1,
            stale=False,
        )
        return SymbolView(symbol, book, instrument, 0.0)

    def marks(self) -> Marks:
        return Marks(
            {
                symbol: Mark(symbol, *PAIRS[symbol], Decimal(mark) / PRICE, "mid", 0.1, False)
                for symbol, mark in self.marked.items()
            }
        )

    def pair(self, unit: str, currency: str) -> Mark | None:
        return pair(self.marks().by_symbol.values(), unit, currency)


def _levels(side: tuple[tuple[int, int], ...]) -> tuple[Level, ...]:
    return tuple(Level(price=Decimal(price) / PRICE, quantity=Decimal(quantity) / QUANTITY) for price, quantity in side)
