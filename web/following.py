"""What the streams of the other services change in what is known."""

from __future__ import annotations

from collections.abc import Callable

from common import wire
from web import messages
from web.board import Slot
from web.clients import MarketData
from web.knowledge import Knowledge
from web.orderstream import OrderStream

Hurry = Callable[[str], None]


def follow(market: MarketData, known: Knowledge) -> None:
    """Follows the quote stream until it breaks; raises `Unavailable` then."""
    for message in market.stream():
        if isinstance(message, messages.QuoteList):
            known.quotes.start_over(message.quotes)
        else:
            known.quotes.move(message)


def follow_orders(stream: OrderStream, known: Knowledge, hurry: Hurry) -> None:
    """Follows the stream of orders until it breaks; raises `Unavailable` then. `hurry` calls for a reader by name: what
    orders did to positions, and the reasons why the account is held, are not in the stream."""
    for message in stream.follow():
        if isinstance(message, messages.OrdersSnapshot):
            known.orders.tell(message.orders)
            known.account.put(message.account)
            for name in ("orders", "positions", "controls"):
                hurry(name)
        elif isinstance(message, wire.Order):
            known.orders.tell([message])
            if message.fills:
                hurry("positions")
        elif isinstance(message, messages.AccountAnswer):
            known.account.put(message)
            hurry("controls")


def read_account(ask: Callable[[], messages.AccountAnswer], slot: Slot[messages.AccountAnswer]) -> None:
    """Takes what `ask` answers unless a stream told something newer meanwhile."""
    before = slot.look()
    answer = ask()
    now = slot.look()
    if now is before or now.value is None or answer.sequence >= now.value.sequence:
        slot.put(answer)
