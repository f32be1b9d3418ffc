"""The parts and the settings that every order meets on its way."""

from __future__ import annotations

from dataclasses import dataclass

from common.answers import Valuation
from common.wire import Market
from executor import valuation
from executor.guardrails import Limits
from executor.ledger import AccountState, Ledger
from executor.paper import Fees
from executor.quotes import QuoteClient


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

    def value(self, state: AccountState) -> Valuation:
        """Returns the account at the newest marks. Asks market data, so call it outside of any transaction."""
        marks = self.quotes.marks()
        return valuation.value(
            state.account,
            state.balances,
            marks,
            currency=self.equity_currency,
            market=self.market,
            at=self.ledger.now(),
        )
