"""The instruments of Borsa Istanbul. Pure."""

from __future__ import annotations

from decimal import Decimal

from common.wire import Instrument
from marketdata.venues.algolab.frames import SOURCE


def instrument(pair: str, tick_size: Decimal) -> Instrument:
    """Returns a share: traded in single pieces, paid in lira."""
    return Instrument(
        symbol=f"{SOURCE}:{pair}",
        base_asset=pair,
        quote_currency="TRY",
        tick_size=tick_size,
        lot_size=Decimal(1),
        min_notional=Decimal(0),
    )
