"""The symbol that tests of trials trade."""

from __future__ import annotations

from decimal import Decimal

from canary.trial.offers import Offer

OFFER = Offer(
    symbol="BTCTURK:BTCTRY",
    quote_currency="TRY",
    tick_size=Decimal(1),
    lot_size=Decimal("0.00000001"),
    min_notional=Decimal("99.91"),
    bid=Decimal(4029759),
    ask=Decimal(4031226),
)
