"""What the AlgoLab feed counts about itself, beside what every feed counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from marketdata.state.rowbook import FAULTS

LOGIN_RESULTS = ("sms_sent", "active", "refused", "failed")
REFRESH_RESULTS = ("ok", "refused", "failed")
EQUITY_RESULTS = ("ok", "refused", "failed")
SET_ASIDE = ("older", "from_future")


def _zeros(names: Iterable[str]) -> Counter[str]:
    return Counter(dict.fromkeys(names, 0))


@dataclass
class Counts:
    """Counts since the start; names are there from the beginning, at zero.

    `books_lost` by the rows' fault; `ticks_set_aside` did not touch the last price. `equal_trades` are equal to one
    before in second, price, quantity and side: two trades, or one told twice, which nothing tells apart; both count.
    """

    books_lost: Counter[str] = field(default_factory=lambda: _zeros(FAULTS))
    ticks_set_aside: Counter[str] = field(default_factory=lambda: _zeros(SET_ASIDE))
    logins: Counter[str] = field(default_factory=lambda: _zeros(LOGIN_RESULTS))
    refreshes: Counter[str] = field(default_factory=lambda: _zeros(REFRESH_RESULTS))
    equity_infos: Counter[str] = field(default_factory=lambda: _zeros(EQUITY_RESULTS))
    sessions_lost: int = 0
    equal_trades: int = 0
    delay_changes: int = 0
    halts: int = 0
    repairs: int = 0
