"""A ticker is weighed together with the trades: it can't agree, nor contradict, when it is behind them."""

from __future__ import annotations

from decimal import Decimal

from marketdata.events import Ticker, Top
from marketdata.state.witness import FAR_SECONDS, STEADY_SECONDS, BookWitness
from marketdata.venues.btcturk.claims import Claim, TickerClaims

BEAT = 0.75


class Told:
    """One pair: a book of 100 to 101, a ticker that names it, and a last price of 100.5."""

    def __init__(self) -> None:
        self.witness, self.claims, self.at = BookWitness(told=False), TickerClaims(), 0.0
        self.traded: Decimal | None = Decimal("100.5")
        self.show("100", "101")

    def show(self, bid: str, ask: str) -> None:
        self.witness.show(Top(Decimal(bid), Decimal(1), Decimal(ask), Decimal(1)), self.at)

    def trade(self, price: str) -> str:
        self.traded = Decimal(price)
        self.claims.hear_trade(self.traded, self.at)
        return self.witness.hear_trade(self.traded, self.at)

    def ticker(self, bid: str | None = "100", ask: str | None = "101", last: str | None = "100.5") -> Claim:
        self.at += BEAT
        sides = [((price and Decimal(price)) or None, Decimal(1) if price else None) for price in (bid, ask)]
        best = Top(*sides[0], *sides[1]) if bid or ask else None
        ticker = Ticker("BTCTRY", (last and Decimal(last)) or None, None, best=best)
        return self.claims.judge(self.witness, ticker, self.traded, self.at)

    def ticks(self, seconds: float, bid: str | None = "100", ask: str | None = "101", last: str = "100.5") -> set[str]:
        return {self.ticker(bid, ask, last) for _ in range(int(seconds / BEAT) + 1)}


def test_a_ticker_that_repeats_the_book_and_does_not_know_of_far_trades_does_not_agree() -> None:
    told, found = Told(), []
    assert told.ticker() == "agrees"
    for _ in range(8):
        found.append(told.trade("90"))
        assert told.ticker() == "unclear"
    assert "contradicts" in found


def test_a_ticker_that_names_the_far_trade_agrees_and_forgives_it() -> None:
    told = Told()
    for _ in range(20):
        assert told.trade("90") == "unclear"
        assert told.ticker(last="90") == "agrees"


def test_a_ticker_that_repeats_what_once_agreed_cannot_contradict_a_book_that_trades_follow() -> None:
    told = Told()
    assert told.ticker() == "agrees"
    told.show("103", "104")
    told.trade("103.5")
    told.ticks(FAR_SECONDS + STEADY_SECONDS)
    assert told.ticks(30) == {"outdated"}
    assert told.ticks(30, last="103.5") == {"contradicts"}


def test_a_ticker_that_never_agreed_contradicts_though_trades_fit_the_book() -> None:
    told = Told()
    told.ticker()
    told.trade("100.7")
    told.ticks(20, "90", "91")
    assert told.ticks(30, "90", "91") == {"contradicts"}


def test_a_ticker_that_repeats_itself_contradicts_a_book_that_trades_do_not_follow() -> None:
    told = Told()
    told.ticker()
    told.show("120", "121")
    told.trade("100.7")
    told.ticks(20)
    assert told.ticks(10) == {"contradicts"}


def test_one_side_alone_can_contradict_and_not_agree() -> None:
    for bid, ask in (("90", None), (None, "120")):
        assert "contradicts" in Told().ticks(10, bid, ask)
    for bid, ask in (("100", None), (None, "101")):
        assert Told().ticks(10, bid, ask) == {"unclear"}


def test_a_last_price_that_moves_far_outside_contradicts_where_no_best_price_is_told() -> None:
    told = Told()
    assert [told.ticker(None, None) for _ in range(20)] == ["unclear"] * 20
    assert "contradicts" in {told.ticker(None, None, f"9{number % 2}") for number in range(20)}
    assert {Told().ticker(None, None, f"100.{number % 2}") for number in range(20)} == {"unclear"}


def test_trades_are_proved_by_the_last_price_and_contradicted_by_another_one_that_lasts() -> None:
    claims, ticker = TickerClaims(), Ticker("BTCTRY", Decimal(100), None)
    assert claims.weigh_last(ticker, None, 0.0) == "unclear"
    assert claims.weigh_last(ticker, Decimal(101), 1.0) == "unclear"
    assert claims.weigh_last(ticker, Decimal(101), 1.0 + STEADY_SECONDS) == "contradicts"
    assert claims.weigh_last(ticker, Decimal(100), 7.0) == "agrees"
    assert claims.weigh_last(ticker, Decimal(101), 8.0) == "unclear"
