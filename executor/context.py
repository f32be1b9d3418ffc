"""The parts and the settings that every order meets on its way."""

from __future__ import annotations

from dataclasses import dataclass

from common.answers import Valuation
from common.wire import Market
from executor import valuation
from executor.guardrails import Limits
from executor.paper import Fees
from executor.quotes import QuoteClient
from executor.store import Ledger
from executor.writer.view import View


@dataclass(frozen=True)
class TradingContext:
    """The account's ledger, its market, and the rules that it trades by.

    market: the market that the account trades on.
    ledger: the account's ledger.
    quotes: the client of market data.
    limits: the limits of the settings; those that an operator has set come on top of them.
    fees: the fee rates.
    equity_currency: the currency that the equity is measured in.
    """

    market: Market
    ledger: Ledger
    quotes: QuoteClient
    limits: Limits
    fees: Fees
    equity_currency: str

    def value(self, view: View) -> Valuation:
        """Returns the account at the newest marks. Asks market data, so call it outside of any transaction."""
        marks = self.quotes.marks()
        return valuation.value(
            view.account,
            view.balances,
            marks,
            currency=self.equity_currency,
            market=self.market,
            at=self.ledger.clock.now(),
        )
