"""Every pair that the venue trades has its four streams, and each stream is named while it brings nothing."""

from __future__ import annotations

from marketdata.venues.btcturk.resync import ResyncTimings
from marketdata.venues.btcturk.subscriptions import TICKERS_OF_ALL_ABOVE, BtcturkSubscriptions, streams_of

TIMINGS = ResyncTimings(first_data=10.0, rejoin=3.0)


def test_each_pair_has_ticker_trades_book_and_the_present_minute() -> None:
    keys = {stream.key for stream in streams_of(["BTCTRY"], "obdiff")}
    assert keys == {"ticker:BTCTRY", "trade:BTCTRY", "obdiff:BTCTRY", "tradeview:BTCTRY_1"}


def test_books_may_come_whole_instead() -> None:
    keys = {stream.key for stream in streams_of(["BTCTRY"], "orderbook")}
    assert keys == {"ticker:BTCTRY", "trade:BTCTRY", "orderbook:BTCTRY", "tradeview:BTCTRY_1"}


def test_very_many_pairs_share_one_stream_of_tickers() -> None:
    pairs = [f"PAIR{number}" for number in range(TICKERS_OF_ALL_ABOVE + 1)]
    tickers = [stream.key for stream in streams_of(pairs, "obdiff") if stream.channel == "ticker"]
    assert tickers == ["ticker:all"]
    fewer = [stream for stream in streams_of(pairs[:-1], "obdiff") if stream.channel == "ticker"]
    assert len(fewer) == TICKERS_OF_ALL_ABOVE


def test_only_what_the_venue_trades_is_joined_and_once() -> None:
    subscriptions = BtcturkSubscriptions(streams_of(["BTCTRY", "NOPETRY"], "obdiff"), TIMINGS)
    assert {stream.event for stream in subscriptions.join_new({"BTCTRY"}, 0.0)} == {"BTCTRY", "BTCTRY_1"}
    assert subscriptions.join_new({"BTCTRY"}, 1.0) == []
    assert not subscriptions.complete()
    assert len(subscriptions.join_new({"BTCTRY", "NOPETRY"}, 2.0)) == 4
    assert subscriptions.complete()


def test_after_a_new_socket_everything_is_joined_again() -> None:
    subscriptions = BtcturkSubscriptions(streams_of(["BTCTRY"], "obdiff"), TIMINGS)
    assert len(subscriptions.join_new({"BTCTRY"}, 0.0)) == 4
    subscriptions.close()
    assert len(subscriptions.join_new({"BTCTRY"}, 1.0)) == 4


def test_a_stream_that_brings_nothing_is_asked_for_again_and_named() -> None:
    subscriptions = BtcturkSubscriptions(streams_of(["BTCTRY"], "obdiff"), TIMINGS)
    subscriptions.join_new({"BTCTRY"}, 0.0)
    for key in ("ticker:BTCTRY", "obdiff:BTCTRY", "trade:BTCTRY"):
        subscriptions.received(key)
    (order,) = subscriptions.due(10.0)
    assert (order.stream.key, order.reason) == ("tradeview:BTCTRY_1", "no_first_data")
    assert subscriptions.silent() == ["tradeview:BTCTRY_1"]
    subscriptions.received("tradeview:BTCTRY_1")
    assert subscriptions.silent() == []


def _joined(pairs: list[str]) -> BtcturkSubscriptions:
    subscriptions = BtcturkSubscriptions(streams_of(pairs, "obdiff"), TIMINGS)
    subscriptions.join_new(pairs, 0.0)
    return subscriptions


def test_the_silence_of_half_of_the_books_is_their_own_trouble_and_that_of_most_is_the_sockets() -> None:
    subscriptions = _joined(["A", "B", "C", "D"])
    for pair in ("A", "B"):
        subscriptions.received(f"obdiff:{pair}")
    subscriptions.due(10.0)
    assert not subscriptions.outage()
    most = _joined(["A", "B", "C", "D"])
    most.received("obdiff:A")
    most.due(10.0)
    assert most.outage()


def test_the_silence_of_tickers_and_trades_never_costs_the_socket() -> None:
    subscriptions = _joined(["A", "B"])
    for pair in ("A", "B"):
        subscriptions.received(f"obdiff:{pair}")
    for at in range(10, 400):
        subscriptions.due(float(at))
    assert len(subscriptions.silent()) == 6
    assert not subscriptions.outage()


def test_an_outage_is_worth_two_sockets_until_a_book_came() -> None:
    subscriptions = _joined(["A"])

    def silent_again() -> bool:
        subscriptions.close()
        subscriptions.join_new(["A"], 0.0)
        subscriptions.due(10.0)
        return subscriptions.outage()

    assert [silent_again() for _ in range(4)] == [True, True, False, False]
    subscriptions.received("obdiff:A")
    assert [silent_again() for _ in range(3)] == [True, True, False]


def test_what_is_not_followed_is_ignored() -> None:
    subscriptions = BtcturkSubscriptions(streams_of(["BTCTRY"], "obdiff"), TIMINGS)
    subscriptions.received("ticker:DOGETRY")
    assert subscriptions.lose("obdiff:DOGETRY", 0.0, "gap") is None
    assert subscriptions.stream("obdiff:DOGETRY") is None
