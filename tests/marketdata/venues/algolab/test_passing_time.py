"""Time that passes tells nothing new of a share in which nothing has changed, however many shares there are."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from decimal import Decimal

from common.clock import SYSTEM_CLOCK
from common.wire import Phase
from marketdata.state.listing import Listing
from marketdata.state.store import Store
from marketdata.state.symbol import SymbolStatus
from marketdata.venues.algolab.answers import EquityInfo
from marketdata.venues.algolab.equity_requests import EquityAnswer, EquityRequests
from tests.marketdata.venues.algolab.rig import bare_intake

NOON = datetime(2026, 9, 23, 9, tzinfo=UTC).timestamp()
SHARES = ("AKBNK", "GARAN", "THYAO")
LIMITS = EquityInfo(Decimal("11.1"), Decimal("13.5"), None, None, None)


class _Told(Store):
    """Notes of which shares a status was told, and of which an instrument."""

    def __init__(self, listings: list[Listing]) -> None:
        super().__init__(listings, market="simulated", stale_after=5.0, clock=SYSTEM_CLOCK)
        self.told: list[str] = []
        self.instruments: list[str] = []

    def set_status(self, symbol: str, status: SymbolStatus, received: float) -> None:
        self.told.append(symbol.removeprefix("BIST:"))
        super().set_status(symbol, status, received)

    def instrument_changed(self, symbol: str, received: float) -> None:
        self.instruments.append(symbol.removeprefix("BIST:"))
        super().instrument_changed(symbol, received)


class _Rig:
    """An intake whose unix time a test sets."""

    def __init__(self) -> None:
        self.now = NOON
        listings = [Listing("BIST", share, "rows") for share in SHARES]
        self.store = _Told(listings)
        self.requests = EquityRequests(lambda: 0.0)
        self.intake, _ = bare_intake(listings, self.store, self.requests, lambda: self.now)

    def passed(self, seconds: float = 0.1) -> list[str]:
        """The shares of which a status is told when so much time passes."""
        self.now += seconds
        self.store.told.clear()
        self.intake.pass_time(self.now - NOON, self.now)
        return sorted(self.store.told)

    def phase(self) -> Phase:
        return self.intake.standing.phase

    def tick(self, share: str, price: str) -> None:
        at = datetime.fromtimestamp(self.now, UTC).isoformat()
        content = {"Symbol": share, "Price": float(price), "RefPrice": 12.3, "Date": at, "TradeQuantity": 0}
        self.intake.read(json.dumps({"Type": "T", "Content": content}).encode(), self.now - NOON, self.now)


def test_nothing_is_told_of_shares_in_which_nothing_changed() -> None:
    rig = _Rig()
    assert rig.passed() == list(SHARES)
    assert rig.passed() == []
    assert rig.passed(60.0) == []


def test_a_new_price_tells_its_own_share_alone_and_its_step_of_prices() -> None:
    rig = _Rig()
    rig.passed()
    rig.tick("GARAN", "12.34")
    assert rig.passed() == ["GARAN"]
    before = rig.intake.standing.instruments
    assert {pair: known.tick_size for pair, known in before.items()} == {"GARAN": Decimal("0.01")}
    rig.tick("GARAN", "12.35")
    assert rig.passed() == ["GARAN"]
    assert rig.intake.standing.instruments is before
    rig.tick("GARAN", "12.35")
    assert rig.passed() == []
    rig.tick("GARAN", "25.00")
    rig.tick("AKBNK", "12.34")
    rig.passed()
    assert list(rig.intake.standing.instruments) == ["AKBNK", "GARAN"]
    assert rig.intake.standing.instruments["GARAN"].tick_size == Decimal("0.02")


def test_those_who_follow_are_told_of_a_step_of_prices_that_becomes_known_or_changes_and_of_no_other() -> None:
    rig = _Rig()
    rig.passed()
    assert rig.store.instruments == []
    for price in ("12.34", "12.35", "25.00"):
        rig.tick("GARAN", price)
        rig.passed()
    assert rig.store.instruments == ["GARAN", "GARAN"]


def test_a_lost_socket_a_new_phase_and_a_new_day_tell_all_shares() -> None:
    rig = _Rig()
    rig.passed()
    rig.intake.lose_all("socket_ended", rig.now)
    assert rig.passed() == list(SHARES)
    assert rig.phase() == "continuous"
    assert rig.passed(9 * 3_600.0) == list(SHARES)
    assert rig.phase() == "closed"
    assert rig.passed(4 * 3_600.0) == list(SHARES)


def test_the_brokers_limits_tell_their_own_share() -> None:
    rig = _Rig()
    rig.passed()
    rig.requests.answer(EquityAnswer("THYAO", LIMITS, 0.0))
    assert rig.passed() == ["THYAO"]
    status = rig.store.status("BIST:THYAO")
    assert (status.floor, status.ceiling) == (LIMITS.floor, LIMITS.ceiling)
