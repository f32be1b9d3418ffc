"""A lost stream is joined anew on the same socket, at once and then ever more rarely. It never costs the socket."""

from __future__ import annotations

from itertools import pairwise

from marketdata.venues.btcturk.resync import ResyncTimings, Subscription

TIMINGS = ResyncTimings(first_data=10.0, rejoin=3.0, hopeless=60.0, calm=1.0)


def _joined() -> Subscription:
    stream = Subscription(TIMINGS)
    stream.join(0.0)
    return stream


def _silence(stream: Subscription) -> str:
    return "silent" if stream.silent else ""


def test_a_stream_that_came_needs_nothing() -> None:
    stream = _joined()
    stream.received()
    assert stream.due(1_000) is None


def test_a_stream_that_does_not_come_within_ten_seconds_is_joined_again_and_silent() -> None:
    stream = _joined()
    assert stream.due(9.9) is None
    assert stream.due(10.0) == "no_first_data"
    assert stream.due(10.1) is None
    assert _silence(stream) == "silent"
    stream.received()
    assert _silence(stream) == ""


def test_a_lost_stream_is_joined_again_at_once_and_only_once() -> None:
    stream = _joined()
    stream.received()
    assert stream.lose(50.0, "gap") == "gap"
    assert stream.lose(50.1, "diff_before_snapshot") is None
    assert not stream.silent


def test_a_stream_that_is_lost_again_at_once_waits_before_it_is_joined_again() -> None:
    stream = _joined()
    stream.received()
    stream.lose(50.0, "gap")
    stream.received()
    assert stream.lose(50.2, "crossed") is None
    assert stream.due(50.9) is None
    assert stream.due(51.0) == "crossed"
    assert not stream.silent


def test_a_stream_that_never_comes_is_joined_again_ever_more_rarely() -> None:
    stream = _joined()
    rejoins = [at / 2 for at in range(800) if stream.due(at / 2)]
    pauses = [after - before for before, after in pairwise(rejoins)]
    assert rejoins[0] == 10.0
    assert pauses[:5] == [3, 6, 12, 24, 48]
    assert set(pauses[5:]) == {60}
    assert stream.silent


def test_a_stream_that_came_back_has_all_its_tries_again() -> None:
    stream = _joined()
    stream.received()
    for start in range(0, 50, 10):
        assert stream.lose(start, "gap") == "gap"
        assert stream.due(start + 2.9) is None
        assert stream.due(start + 3.0) == "resync_timeout"
        stream.received()
        assert not stream.silent


def test_nothing_is_due_while_there_is_no_socket() -> None:
    stream = _joined()
    stream.close()
    assert stream.due(1_000) is None
    assert stream.lose(1_000, "audit") is None
