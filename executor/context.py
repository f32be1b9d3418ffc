"""The parts and the settings that every order meets on its way."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

import msgspec

from common.answers import Valuation
from common.wire import Market
from executor import account as accounts
from executor import losses, valuation
from executor.equity import EquityWatch
from executor.guardrails import Limits
from executor.paper import Fees
from executor.quotes import QuoteClient
from executor.rates import ITSELF, CurrencyRate, rate_of
from executor.store import Ledger
from executor.valuation import Mark, Marks
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
    equity: the latest look at the equity.
    """

    market: Market
    ledger: Ledger
    quotes: QuoteClient
    limits: Limits
    fees: Fees
    equity_currency: str
    equity: EquityWatch

    def watch_equity(self) -> None:
        """Looks at the equity where nobody has lately. It may ask market data, so call it outside of any transaction.

        Raises `LedgerUnavailable`.
        """
        if self.equity.is_due():
            view = self.ledger.view()
            self.note_doubts(view, self.quotes.marks())

    def note_doubts(self, view: View, marks: Marks) -> Mapping[str, float | None]:
        """Notes and returns what keeps the equity from being relied on, by symbol or currency."""
        found = valuation.doubts(view.account, view.balances, marks, self.equity_currency)
        self.equity.note(found)
        return found

    def value(self, view: View, marks: Marks | None = None) -> Valuation:
        """Returns the account at the given marks, or at the newest ones.

        Without marks it may ask market data, so call it outside of any transaction then.
        """
        at = self.ledger.clock.now()
        marks = self.quotes.marks() if marks is None else marks
        found = valuation.value(
            view.account, view.balances, marks, currency=self.equity_currency, market=self.market, at=at
        )
        return msgspec.structs.replace(found, day=losses.day_result(view.anchors, found.summary.equity))

    def renewed(self, view: View, marks: Marks) -> Marks | None:
        """Returns marks with the newest ones of all that the account has; None while the copy can't be relied on."""
        currency = self.equity_currency
        pairs = [(unit, currency) for unit in accounts.currencies(view.balances) if unit != currency]
        return self.quotes.renewed(marks, view.held_symbols, pairs)

    def rate_at(self, marks: Marks, unit: str) -> CurrencyRate | None:
        """Returns what one unit of a currency is worth in the currency of the equity; None when no mark says it."""
        pair = (
            None
            if unit == self.equity_currency
            else valuation.pair(marks.by_symbol.values(), unit, self.equity_currency)
        )
        return self._rate(unit, pair)

    def rate(self, unit: str) -> CurrencyRate | None:
        """Returns the same from the copy of the market alone, so that it may be asked within a transaction."""
        pair = None if unit == self.equity_currency else self.quotes.pair(unit, self.equity_currency)
        return self._rate(unit, pair)

    def _rate(self, unit: str, pair: Mark | None) -> CurrencyRate | None:
        if unit == self.equity_currency:
            return ITSELF
        if pair is None:
            return None
        at = self.ledger.clock.now() - timedelta(seconds=pair.age_seconds)
        return rate_of(unit, pair.base_asset, pair.price, pair.symbol, at)
