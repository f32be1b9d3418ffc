from __future__ import annotations

from decimal import Decimal

from tests.web.test_cells import SetClock
from tests.web.world import quote
from web.cells import Changes
from web.quotes import QuoteTable


def table(clock: SetClock) -> QuoteTable:
    return QuoteTable(clock.clock(), Changes(None), 5.0)


def bids(quotes: QuoteTable) -> list[Decimal | None]:
    return [each.bid for each in quotes.now()]


def test_age_grows_until_the_limit_and_then_the_quote_is_stale() -> None:
    clock = SetClock()
    quotes = table(clock)
    quotes.start_over([quote(age_seconds=1.0)])
    clock.seconds += 4.0
    assert [(each.age_seconds, each.stale) for each in quotes.now()] == [(5.0, False)]
    clock.seconds += 0.1
    assert [(each.age_seconds, each.stale) for each in quotes.now()] == [(5.1, True)]


def test_what_the_feed_calls_stale_is_stale_at_any_age() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(age_seconds=0.0, stale=True)])
    assert quotes.now()[0].stale


def test_a_poll_proves_the_age_of_a_quiet_market() -> None:
    clock = SetClock()
    quotes = table(clock)
    quotes.start_over([quote(sequence=7)])
    clock.seconds += 60
    quotes.update_from_poll([quote(sequence=7, age_seconds=0.3)])
    assert (quotes.now()[0].age_seconds, quotes.now()[0].stale) == (0.3, False)


def test_a_poll_that_was_overtaken_by_the_stream_is_ignored() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(sequence=7)])
    quotes.update(quote(sequence=9, bid=Decimal(9)))
    quotes.update_from_poll([quote(sequence=8, bid=Decimal(8))])
    assert bids(quotes) == [Decimal(9)]


def test_without_the_stream_the_poll_is_the_truth_even_after_a_restart() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(sequence=900, bid=Decimal(9))])
    quotes.stream_failed("it broke")
    quotes.update_from_poll([quote(sequence=2, bid=Decimal(2))])
    assert bids(quotes) == [Decimal(2)]


def test_a_snapshot_after_a_restart_replaces_all() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(sequence=900), quote("BTCTURK:ETHTRY", sequence=901)])
    quotes.start_over([quote(sequence=2, bid=Decimal(2))])
    assert bids(quotes) == [Decimal(2)]


def test_a_reason_is_told_only_when_both_ways_are_shut() -> None:
    quotes = table(SetClock())
    quotes.update_from_poll([quote()])
    quotes.stream_failed("the stream broke")
    assert quotes.reason is None
    quotes.poll_failed("marketdata is away")
    assert str(quotes.reason) == "marketdata is away"


def test_a_new_snapshot_ends_the_reason() -> None:
    quotes = table(SetClock())
    quotes.poll_failed("marketdata is away")
    quotes.start_over([quote()])
    assert quotes.reason is None


def test_a_symbol_that_is_removed_is_gone_and_a_poll_on_its_way_does_not_bring_it_back() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(sequence=7), quote("BTCTURK:ETHTRY", sequence=8)])
    quotes.drop("BTCTURK:ETHTRY")
    quotes.update_from_poll([quote(sequence=7), quote("BTCTURK:ETHTRY", sequence=8)])
    assert [each.symbol for each in quotes.now()] == ["BTCTURK:BTCTRY"]
    quotes.update(quote("BTCTURK:ETHTRY", sequence=10))
    assert len(quotes.now()) == 2


def test_without_the_stream_a_poll_tells_which_symbols_there_are() -> None:
    quotes = table(SetClock())
    quotes.start_over([quote(sequence=7), quote("BTCTURK:ETHTRY", sequence=8)])
    quotes.stream_failed("it broke")
    quotes.update_from_poll([quote(sequence=7), quote("BTCTURK:SOLTRY", sequence=9)])
    assert {each.symbol for each in quotes.now()} == {"BTCTURK:BTCTRY", "BTCTURK:SOLTRY"}
