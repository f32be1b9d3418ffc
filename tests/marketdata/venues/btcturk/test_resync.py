"""A lost stream is asked for on the same socket first, on a new one after three seconds, and not for ever."""

from __future__ import annotations

from itertools import pairwise

from marketdata.venues.btcturk.resync import Action, ResyncTimings, Subscription

TIMINGS = ResyncTimings(first_data=10.0, rejoin=3.0, hopeless=60.0, calm=1.0)


def _joined(*, vital: bool = True) -> Subscription:
    stream = Subscription(TIMINGS, vital=vital)
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
    assert stream.due(10.0) == (Action.REJOIN, "no_first_data")
    assert stream.due(10.1) is None
    assert _silence(stream) == "silent"
    stream.received()
    assert _silence(stream) == ""


def test_a_lost_stream_is_joined_again_at_once_and_only_once() -> None:
    stream = _joined()
    stream.received()
    assert stream.lose(50.0, "gap") == (Action.REJOIN, "gap")
    assert stream.lose(50.1, "diff_before_snapshot") is None
    assert not stream.silent


def test_a_stream_that_is_lost_again_at_once_waits_before_it_is_joined_again() -> None:
    stream = _joined()
    stream.received()
    stream.lose(50.0, "gap")
    stream.received()
    assert stream.lose(50.2, "crossed") is None
    assert stream.due(50.9) is None
    assert stream.due(51.0) == (Action.REJOIN, "crossed")
    assert not stream.silent


def test_a_rejoin_that_brings_nothing_within_three_seconds_costs_a_new_socket() -> None:
    stream = _joined()
    stream.received()
    stream.lose(50.0, "gap")
    assert stream.due(52.9) is None
    assert stream.due(53.0) == (Action.RECONNECT, "resync_timeout")
    assert stream.due(60.0) is None


def test_a_stream_that_never_comes_costs_two_sockets_and_then_only_a_rejoin_a_minute() -> None:
    stream, now, actions = Subscription(TIMINGS, vital=True), 0.0, []
    stream.join(now)
    while now < 400:
        now += 0.5
        step = stream.due(now)
        if step is not None:
            actions.append((now, step[0]))
        if step is not None and step[0] is Action.RECONNECT:
            stream.close()
            stream.join(now)
    reconnects = [at for at, action in actions if action is Action.RECONNECT]
    assert len(reconnects) == 2
    late = [at for at, action in actions if at > reconnects[-1] + 20]
    assert len(late) >= 4
    assert all(after - before == 60 for before, after in pairwise(late))
    assert stream.silent


def test_what_the_stack_can_do_without_never_costs_a_socket() -> None:
    stream = _joined(vital=False)
    steps = [stream.due(at / 2) for at in range(800)]
    assert {step[0] for step in steps if step} == {Action.REJOIN}
    assert len([step for step in steps if step]) < 10


def test_a_stream_that_came_back_has_all_its_tries_again() -> None:
    stream = _joined()
    for _ in range(5):
        stream.lose(0.0, "gap")
        assert stream.due(3.0) == (Action.RECONNECT, "resync_timeout")
        stream.close()
        stream.join(3.0)
        stream.received()


def test_nothing_is_due_while_there_is_no_socket() -> None:
    stream = _joined()
    stream.close()
    assert stream.due(1_000) is None
    assert stream.lose(1_000, "audit") is None
