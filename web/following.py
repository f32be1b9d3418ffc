"""Brings the events of the other services' streams into the console's state."""

from __future__ import annotations

from collections.abc import Callable

from common import wire
from common.answers import AccountStatus, OrdersSnapshot, Quotes, Unfollowed
from web.cells import Cell
from web.quotes import QuoteTable
from web.state import ConsoleState
from web.streams import OrderStream, QuoteStream


def follow_quotes(stream: QuoteStream, quotes: QuoteTable) -> None:
    """Follows the stream of quotes. Raises `Unavailable` when it ends."""
    for message in stream.follow():
        if isinstance(message, Quotes):
            quotes.start_over(message.quotes)
        elif isinstance(message, Unfollowed):
            quotes.drop(message.symbol)
        else:
            quotes.update(message)


def follow_orders(stream: OrderStream, state: ConsoleState, wake: Callable[[str], None]) -> None:
    """Follows the stream of orders. Raises `Unavailable` when it ends.

    `wake` makes a reader ask at once, by its name. The stream does not tell what an order did to the valuation, nor why
    the account is held.
    """
    for message in stream.follow():
        if isinstance(message, OrdersSnapshot):
            state.orders.update(message.orders)
            state.account.put(message.account)
            for name in ("orders", "valuation", "controls"):
                wake(name)
        elif isinstance(message, wire.Order):
            state.orders.update([message])
            if message.fills:
                wake("valuation")
        elif isinstance(message, AccountStatus):
            state.account.put(message)
            wake("controls")


def read_account(ask: Callable[[], AccountStatus], cell: Cell[AccountStatus]) -> None:
    """Takes the account that `ask` returns, unless the stream has brought a newer one since it was asked for."""
    before = cell.reading
    answer = ask()
    with cell.lock:
        now = cell.reading
        if now is before or now.value is None or answer.sequence >= now.value.sequence:
            cell.put(answer)
