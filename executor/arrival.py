"""The market as an order met it when it was accepted, for those who study executions later. Pure."""

from __future__ import annotations

from common.wire import Book
from executor.ledger.events import MarketAtArrival
from executor.market.symbol_view import SymbolView


def arrival(view: SymbolView, book: Book, now: float) -> MarketAtArrival:
    """Returns the best prices of the view's book with their age at `now`, in seconds of the monotonic clock."""
    bid, ask = book.bids[0] if book.bids else None, book.asks[0] if book.asks else None
    return MarketAtArrival(
        bid=None if bid is None else bid.price,
        bid_quantity=None if bid is None else bid.quantity,
        ask=None if ask is None else ask.price,
        ask_quantity=None if ask is None else ask.quantity,
        sequence=book.sequence,
        received_at=book.received_at,
        age_seconds=round(view.age_seconds(now), 6),
        source=view.source,
    )
