"""The account for readers: as of the end of a batch that is durable."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from common.decimals import tidy
from common.wire import Account, Instrument
from executor import account as accounts
from executor.account import Balances, Entry
from executor.guardrails.controls import Controls
from executor.losses import Anchors
from executor.orders import exact
from executor.writer.open_orders import Place
from executor.writer.state import State

ZERO = Decimal(0)


@dataclass(frozen=True)
class View:
    """The account as of one event; it never changes.

    name: the account's name.
    sequence: the sequence of its latest event.
    controls: kill switches, holds, and the operator's limits.
    balances: every balance.
    reserved: the amounts that open orders hold back, by entry.
    counts: how many orders are open, by symbol and side.
    anchors: the equities that losses are measured from; None before the equity was first known.
    """

    name: str
    sequence: int
    controls: Controls
    balances: Balances
    reserved: Mapping[Entry, Decimal]
    counts: Mapping[Place, int]
    anchors: Anchors | None

    @classmethod
    def of(cls, state: State) -> View:
        """Returns the account as it is in memory now."""
        return cls(
            name=state.account,
            sequence=state.sequence,
            controls=state.controls,
            balances=dict(state.balances),
            reserved=dict(state.open.reserved),
            counts=dict(state.open.counts),
            anchors=state.anchors,
        )

    @property
    def account(self) -> Account:
        """Cash, what open orders have reserved of it, and how many are open."""
        cash = {unit: accounts.cash(unit) for unit in sorted(accounts.currencies(self.balances))}
        with exact():
            return Account(
                account=self.name,
                cash={unit: tidy(self.balances[entry]) for unit, entry in cash.items()},
                reserved={unit: tidy(self.reserved.get(entry, ZERO)) for unit, entry in cash.items()},
                open_orders=sum(self.counts.values()),
                kill_switch=self.controls.killed is not None,
                sequence=self.sequence,
            )

    @property
    def held_symbols(self) -> list[str]:
        """The symbols that the account holds a position of."""
        return [entry.symbol for entry, amount in self.balances.items() if amount and entry.name == "position"]

    def is_valued_by(self, instrument: Instrument, currency: str) -> bool:
        """Returns true when the account's value in a currency depends on the mark of a symbol.

        It is one that the account holds, or the pair that a currency of cash is converted by. Where that cash is spent,
        the positions that were bought with it are converted too.
        """
        base, quote = instrument.base_asset, instrument.quote_currency
        if self.balances.get(Entry("position", instrument.symbol, base)):
            return True
        if currency not in (base, quote):
            return False
        unit = base if quote == currency else quote
        amount = self.balances.get(accounts.cash(unit))
        if amount is None:  # the money of every position is cash, too
            return False
        return bool(amount) or any(
            cost and entry.name == "cost" and entry.unit == unit for entry, cost in self.balances.items()
        )

    @property
    def open_forbidden(self) -> bool:
        """True when an order is open that the controls forbid."""
        return any(
            count and self.controls.forbids(symbol, side) is not None for (symbol, side), count in self.counts.items()
        )
