"""Other streams are held against the book: a lasting contradiction is found, crossing frames are none."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import msgspec
import pytest

from marketdata.events import Top
from marketdata.state.witness import FAR, FAR_SECONDS, STEADY_SECONDS, WINDOW_SECONDS, BookWitness

BEAT = 0.75


def top(bid: str | None, ask: str | None, bid_quantity: str | None = "1", ask_quantity: str | None = "1") -> Top:
    sides = [
        (price and Decimal(price), quantity and Decimal(quantity))
        for price, quantity in ((bid, bid_quantity), (ask, ask_quantity))
    ]
    return Top(*(number or None for side in sides for number in side))


def shown(bid: str | None = "100", ask: str | None = "101") -> BookWitness:
    witness = BookWitness()
    witness.show(top(bid, ask), 0.0)
    return witness


def contradicted_after(witness: BookWitness, claim: Top, seconds: float = 30.0) -> float | None:
    """Repeats a claim as a ticker does. Returns the seconds until it contradicts; None when it never does."""
    at = 0.0
    while at <= seconds:
        if witness.hear_top(claim, at) == "contradicts":
            return at
        at += BEAT
    return None


@pytest.mark.parametrize(
    "claim",
    [
        top("90", "91"),
        top("110", "111"),
        top("100.2", "101"),
        top("100", "100.8"),
        top(None, "101"),
        top("100", None),
        top("90", "91", None, None),
    ],
)
def test_best_prices_far_from_the_book_contradict_it_after_three_seconds(claim: Top) -> None:
    found = contradicted_after(shown(), claim)
    assert found is not None
    assert FAR_SECONDS <= found <= FAR_SECONDS + BEAT


@pytest.mark.parametrize(
    "claim", [top("100.01", "101"), top("100", "100.99"), top("100", "101", "2"), top("100", "101", "1", "0.5")]
)
def test_another_price_or_quantity_than_the_steady_one_contradicts_it_after_five_seconds(claim: Top) -> None:
    found = contradicted_after(shown(), claim)
    assert found is not None
    assert STEADY_SECONDS <= found <= STEADY_SECONDS + BEAT


@pytest.mark.parametrize("claim", [top("100", "101"), top("100", "101", None, None), top("100.0", "101.00", "1.0")])
def test_the_same_best_prices_agree_at_once_and_for_ever(claim: Top) -> None:
    witness = shown()
    assert {witness.hear_top(claim, at * BEAT) for at in range(100)} == {"agrees"}


def test_an_empty_side_agrees_with_an_empty_side_alone() -> None:
    assert shown("100", None).hear_top(top("100", None), 1.0) == "agrees"
    assert contradicted_after(shown("100", None), top("100", "101")) is not None


@pytest.mark.parametrize("claim", [top(None, "101"), top("100", None), top(None, None)])
def test_where_an_empty_side_is_not_told_no_price_does_not_contradict(claim: Top) -> None:
    witness = BookWitness(told=False)
    witness.show(top("100", "101"), 0.0)
    assert {witness.hear_top(claim, at * BEAT) for at in range(100)} == {"unclear"}
    witness.show(top(None, None), 80.0)
    assert witness.hear_top(top(None, None), 80.1) == "agrees"


def test_float_noise_of_a_quantity_is_no_other_quantity() -> None:
    noisy = top("100", "101", "1.0000000000000002", "0.99999999")
    assert {shown().hear_top(noisy, at * BEAT) for at in range(100)} == {"agrees"}
    assert contradicted_after(shown(), top("100", "101", "1.00001")) is not None


def test_an_outdated_claim_does_not_agree_and_forgives_no_trade() -> None:
    witness = shown()
    for at in (1.0, 2.0, 3.0):
        assert witness.hear_trade(Decimal(90), at) == "unclear"
        assert witness.hear_top(top("100", "101"), at, outdated=True) == "unclear"
    assert witness.hear_trade(Decimal(90), 1.0 + FAR_SECONDS) == "contradicts"


def test_a_contradiction_that_ends_in_time_is_none() -> None:
    witness = shown()
    for at in (1.0, 2.0, 3.0, 3.9):
        assert witness.hear_top(top("90", "91"), at) == "unclear"
    assert witness.hear_top(top("100", "101"), 4.0) == "agrees"
    for at in (4.1, 5.0, 6.0, 7.0):
        assert witness.hear_top(top("90", "91"), at) == "unclear"
    assert witness.hear_top(top("90", "91"), 4.1 + FAR_SECONDS) == "contradicts"


def test_a_ticker_of_a_moment_before_agrees_and_an_older_one_does_not() -> None:
    witness = shown()
    witness.show(top("105", "106"), 10.0)
    assert witness.hear_top(top("100", "101"), 10.0 + WINDOW_SECONDS - 0.1) == "agrees"
    assert witness.hear_top(top("100", "101"), 10.0 + WINDOW_SECONDS + 0.1) == "unclear"


def test_a_price_within_the_tolerance_of_a_moving_book_is_no_contradiction_and_one_beyond_it_is() -> None:
    def found(distance: Decimal) -> set[str]:
        witness, verdicts = BookWitness(), set[str]()
        for step in range(40):
            witness.show(top(str(100 + Decimal(step % 2) / 100), "101"), step * BEAT)
            claim = top(str(Decimal("100.01") * (1 + distance)), "101")
            verdicts.add(witness.hear_top(claim, step * BEAT + 0.1))
        return verdicts

    assert "contradicts" not in found(FAR * Decimal("0.99"))
    assert "contradicts" in found(FAR * Decimal("1.01"))


def test_quantities_of_a_book_that_moves_are_not_judged() -> None:
    witness = BookWitness()
    for step in range(100):
        witness.show(top("100", "101", str(1 + step), str(1 + step)), step * BEAT)
        assert witness.hear_top(top("100", "101", "0.5", "0.7"), step * BEAT + 0.1) == "unclear"


def test_trades_far_outside_contradict_once_they_last_and_one_inside_ends_it() -> None:
    for price in ("90", "99.8", "101.2", "120"):
        witness = shown()
        assert [witness.hear_trade(Decimal(price), at) for at in (1.0, 2.0, 3.9)] == ["unclear"] * 3
        assert witness.hear_trade(Decimal(price), 1.0 + FAR_SECONDS) == "contradicts"
        witness = shown()
        for at in range(60):
            inside = Decimal("100.5") if at % 2 else Decimal(price)
            assert witness.hear_trade(inside, float(at)) == "unclear"


def test_trades_within_the_tolerance_are_no_contradiction() -> None:
    witness = shown()
    for at in range(60):
        assert witness.hear_trade(Decimal("99.9") if at % 2 else Decimal("101.1"), float(at)) == "unclear"


def test_the_tail_of_a_large_order_is_forgiven_when_the_book_follows() -> None:
    witness = shown()
    witness.hear_trade(Decimal("98"), 1.0)
    witness.show(top("98", "101"), 1.5)
    witness.show(top("100", "101"), 2.5)
    assert witness.hear_trade(Decimal("98"), 60.0) == "unclear"


def test_a_claim_that_the_book_follows_is_no_dispute_for_the_next_one() -> None:
    """A tick comes before its rows, and one step of a cheap share is more than the tolerance."""
    witness = BookWitness()
    witness.show(top("1.96", "1.97", None, None), 0.0)
    for step in range(1, 40):
        bid = Decimal("1.96") + Decimal(step) / 100
        claim = top(str(bid), str(bid + Decimal("0.01")), None, None)
        assert witness.hear_top(claim, step * 10.0) == "unclear"
        witness.show(claim, step * 10.0 + 0.05)


def test_before_a_book_was_shown_nothing_is_judged() -> None:
    witness = BookWitness()
    assert [witness.hear_top(top("90", "91"), at) for at in (0.0, 10.0)] == ["unclear"] * 2
    assert [witness.hear_trade(Decimal(90), at) for at in (0.0, 10.0)] == ["unclear"] * 2


def test_a_market_whose_ticker_lags_by_less_than_the_window_never_contradicts_itself() -> None:
    """Prices walk; the ticker tells moments that the book's frames skipped, up to a second old."""
    rng, witness, price = Random(7), BookWitness(), 100_000
    moments: list[Top] = []
    for step in range(20_000):
        price += rng.choice((-3, -1, 0, 0, 0, 1, 3))
        moments.append(top(str(price), str(price + rng.choice((1, 2))), str(rng.randint(1, 9)), str(rng.randint(1, 9))))
        if step % 4 == 0:
            witness.show(moments[-1], step * 0.19)
        if step % 4 == 2 and step > 8:
            assert witness.hear_top(moments[-1 - rng.randint(0, 5)], step * 0.19) != "contradicts"


_TOPS = (
    top("100", "101"),
    top("100", "101", "2"),
    top("99.99", "101"),
    top(None, "101"),
    top("90", "91"),
    top(None, None),
)


@pytest.mark.parametrize("seed", range(20))
def test_best_prices_shown_once_more_change_no_verdict(seed: int) -> None:
    random, at = Random(seed), 0.0
    once, copied = BookWitness(), BookWitness()
    showing = _TOPS[0]
    for _ in range(300):
        at += random.choice((0.1, 0.4, 3.0))
        step = random.randrange(8)
        if step < 5:
            showing = showing if step < 3 else random.choice(_TOPS)
            once.show(showing, at)
            copied.show(msgspec.structs.replace(showing), at)
        elif step == 5:
            price = Decimal(random.choice(("90", "100.5", "110")))
            assert once.hear_trade(price, at) == copied.hear_trade(price, at)
        elif step == 6:
            claim = random.choice(_TOPS)
            assert once.hear_top(claim, at) == copied.hear_top(claim, at)
        elif random.random() < 0.1:
            once.clear()
            copied.clear()
