from __future__ import annotations

from decimal import Decimal

from tests.web.test_board import Hands
from tests.web.world import quote
from web.board import Changes
from web.quotes import Quotes


def table(hands: Hands) -> Quotes:
    return Quotes(hands.clock(), Changes(), 5.0)


def bids(quotes: Quotes) -> list[Decimal | None]:
    return [each.bid for each in quotes.now()]


def test_age_grows_until_the_limit_and_then_the_quote_is_stale() -> None:
    hands = Hands()
    quotes = table(hands)
    quotes.start_over([quote(age_seconds=1.0)])
    hands.seconds += 4.0
    assert [(each.age_seconds, each.stale) for each in quotes.now()] == [(5.0, False)]
    hands.seconds += 0.1
    assert [(each.age_seconds, each.stale) for each in quotes.now()] == [(5.1, True)]


def test_what_the_feed_calls_stale_is_stale_at_any_age() -> None:
    quotes = table(Hands())
    quotes.start_over([quote(age_seconds=0.0, stale=True)])
    assert quotes.now()[0].stale


def test_a_poll_proves_the_age_of_a_quiet_market() -> None:
    hands = Hands()
    quotes = table(hands)
    quotes.start_over([quote(sequence=7)])
    hands.seconds += 60
    quotes.poll([quote(sequence=7, age_seconds=0.3)])
    assert (quotes.now()[0].age_seconds, quotes.now()[0].stale) == (0.3, False)


def test_a_poll_that_was_overtaken_by_the_stream_is_ignored() -> None:
    quotes = table(Hands())
    quotes.start_over([quote(sequence=7)])
    quotes.move(quote(sequence=9, bid=Decimal(9)))
    quotes.poll([quote(sequence=8, bid=Decimal(8))])
    assert bids(quotes) == [Decimal(9)]


def test_without_the_stream_the_poll_is_the_truth_even_after_a_restart() -> None:
    quotes = table(Hands())
    quotes.start_over([quote(sequence=900, bid=Decimal(9))])
    quotes.stream_lost("it broke")
    quotes.poll([quote(sequence=2, bid=Decimal(2))])
    assert bids(quotes) == [Decimal(2)]


def test_a_snapshot_after_a_restart_replaces_all() -> None:
    quotes = table(Hands())
    quotes.start_over([quote(sequence=900), quote("BTCTURK:ETHTRY", sequence=901)])
    quotes.start_over([quote(sequence=2, bid=Decimal(2))])
    assert bids(quotes) == [Decimal(2)]


def test_a_reason_is_told_only_when_both_ways_are_shut() -> None:
    quotes = table(Hands())
    quotes.poll([quote()])
    quotes.stream_lost("the stream broke")
    assert quotes.reason is None
    quotes.poll_failed("marketdata is away")
    assert str(quotes.reason) == "marketdata is away"


def test_a_new_snapshot_ends_the_reason() -> None:
    quotes = table(Hands())
    quotes.poll_failed("marketdata is away")
    quotes.start_over([quote()])
    assert quotes.reason is None


def test_the_revision_tells_moves_and_staleness_but_not_age() -> None:
    hands = Hands()
    quotes = table(hands)
    quotes.start_over([quote(sequence=1)])
    first = quotes.revision
    hands.seconds += 1
    assert quotes.revision == first
    hands.seconds += 10
    assert quotes.revision != first
