"""Messages of lists that the executor alone reads and writes. Pure."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Literal

from common import wire
from executor.rates import CurrencyRate


class ListedFill(wire.Message, frozen=True, kw_only=True):
    """One fill, with all that its event and its postings say of it.

    sequence: the sequence of its event.
    trade_id, order_id: its own id, and that of its order.
    symbol, side: of the order.
    base_asset, quote_currency: of the symbol.
    liquidity: maker when the order rested before, else taker.
    price, quantity: in the quote currency, and in the base asset.
    notional: price times quantity, in the quote currency.
    fee: in the quote currency.
    realised_pnl: the gain of what was sold, in the quote currency, fees not included; None where no position was sold.
    rate: what one unit of the quote currency was worth in the currency of the equity; None when that was not known.
    filled_at: when it was recorded, UTC.
    reversed_by: the sequence of the event that took it back; None while it stands.
    """

    sequence: int
    trade_id: str
    order_id: str
    symbol: str
    side: wire.Side
    base_asset: str
    quote_currency: str
    liquidity: Literal["taker", "maker"]
    price: Decimal
    quantity: Decimal
    notional: Decimal
    fee: Decimal
    realised_pnl: Decimal | None
    rate: CurrencyRate | None
    filled_at: datetime
    reversed_by: int | None


class Fills(wire.Message, frozen=True, kw_only=True):
    """A page of the account's fills.

    market: the market that the account trades on.
    account: the account's name.
    fills: newest first.
    next: the `before` of the next page; None on the last page.
    """

    market: wire.Market
    account: str
    fills: tuple[ListedFill, ...]
    next: int | None
