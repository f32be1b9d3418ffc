"""A lost book is asked for on the same socket first, on a new one after three seconds, and not for ever."""

from __future__ import annotations

from itertools import pairwise

from marketdata.resync import Action, BookSubscription, Patience

PATIENCE = Patience(first_data=10.0, rejoin=3.0, hopeless=60.0)


def _joined(now: float = 0.0) -> BookSubscription:
    book = BookSubscription(PATIENCE)
    book.joined(now)
    return book


def test_a_book_that_came_needs_nothing() -> None:
    book = _joined()
    book.live()
    assert book.due(1_000) is None


def test_a_book_that_does_not_come_within_ten_seconds_is_joined_again() -> None:
    book = _joined()
    assert book.due(9.9) is None
    assert book.due(10.0) is Action.REJOIN
    assert book.due(10.1) is None


def test_a_lost_book_is_joined_again_at_once_and_only_once() -> None:
    book = _joined()
    book.live()
    assert book.lost(50.0) is Action.REJOIN
    assert book.lost(50.1) is None


def test_a_rejoin_that_brings_no_book_within_three_seconds_costs_a_new_socket() -> None:
    book = _joined()
    book.live()
    book.lost(50.0)
    assert book.due(52.9) is None
    assert book.due(53.0) is Action.RECONNECT
    assert book.due(60.0) is None


def test_a_book_that_never_comes_costs_two_sockets_and_then_only_a_rejoin_a_minute() -> None:
    book, now, actions = BookSubscription(PATIENCE), 0.0, []
    book.joined(now)
    while now < 400:
        now += 0.5
        action = book.due(now)
        if action is not None:
            actions.append((now, action))
        if action is Action.RECONNECT:
            book.closed()
            book.joined(now)
    reconnects = [at for at, action in actions if action is Action.RECONNECT]
    assert len(reconnects) == 2
    late = [at for at, action in actions if at > reconnects[-1] + 20]
    assert len(late) >= 4
    assert all(after - before == 60 for before, after in pairwise(late))


def test_a_book_that_came_back_has_all_its_tries_again() -> None:
    book = _joined()
    for _ in range(5):
        book.lost(0.0)
        assert book.due(3.0) is Action.RECONNECT
        book.closed()
        book.joined(3.0)
        book.live()


def test_nothing_is_due_while_there_is_no_socket() -> None:
    book = _joined()
    book.closed()
    assert book.due(1_000) is None
