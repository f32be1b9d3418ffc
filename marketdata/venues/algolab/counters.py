"""The counts of AlgoLab's feed, beside those that every venue has."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from marketdata.counters import Counters, zeros
from marketdata.state.rowbook import FAULTS

LOGIN_RESULTS = ("sms_sent", "active", "refused", "failed")
REFRESH_RESULTS = ("ok", "refused", "failed")
EQUITY_RESULTS = ("ok", "refused", "failed")
SET_ASIDE = ("older", "from_future")


@dataclass
class AlgolabCounters(Counters):
    """Counts since the start.

    books_lost: books that were published and made sense no longer, by the rows' fault.
    ticks_set_aside: ticks that did not touch the last price, by reason.
    logins: steps of logins, by result.
    refreshes: refreshes of the session, by result.
    equity_infos: shares asked about by REST, by result.
    sessions_lost: sessions that the broker ended.
    equal_trades: trades equal to one before in second, price, quantity and side. Each is a second trade, or
        the first one sent twice. Nothing shows which, so both count as trades.
    delay_changes: times that the feed became delayed or real time.
    halts: call auctions inside continuous trading.
    repairs: sockets replaced because of a lost book or silence.
    """

    books_lost: Counter[str] = field(default_factory=lambda: zeros(FAULTS))
    ticks_set_aside: Counter[str] = field(default_factory=lambda: zeros(SET_ASIDE))
    logins: Counter[str] = field(default_factory=lambda: zeros(LOGIN_RESULTS))
    refreshes: Counter[str] = field(default_factory=lambda: zeros(REFRESH_RESULTS))
    equity_infos: Counter[str] = field(default_factory=lambda: zeros(EQUITY_RESULTS))
    sessions_lost: int = 0
    equal_trades: int = 0
    delay_changes: int = 0
    halts: int = 0
    repairs: int = 0
