"""The executor that writes the account verifies the ledger by itself: what is new, and all of it from time to time."""

from __future__ import annotations

from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import pytest
import sqlalchemy as sa

from executor.errors import LedgerUnavailable
from executor.ledger.compare import LedgerFault
from executor.ledger.engine import writing
from executor.ledger.walk import AccountProof, Walk
from executor.store import Ledger
from executor.verifying import FAULT_SECONDS, NEW_SECONDS, SHARE, STANDBY_SECONDS, WHOLE_SECONDS, LedgerVerification
from tests.executor.conftest import MakeExecutor
from tests.executor.standin import Executor, Place

MOST_STEPS = 50


@pytest.fixture
def writer(make: MakeExecutor, place: Place) -> Executor:
    """An executor that writes an account with fills, an order that rests, and one that was cancelled."""
    executor = make(place)
    executor.order(client_order_id="filled", quantity="3")
    executor.limit("resting", "buy", "1", "99")
    cancelled = executor.limit("cancelled", "buy", "1", "99")
    executor.post(f"/v1/orders/{cancelled['order_id']}/cancel")
    return executor


def look(executor: Executor, seconds: float = 0.0) -> LedgerVerification:
    """Lets time pass, and has all that is due then verified."""
    executor.clock.now += seconds
    verification = executor.parts.verification
    for _ in range(MOST_STEPS):
        verification.step()
        if verification.failed or (verification.age("new") == 0 and verification.age("whole") < WHOLE_SECONDS):
            break
    return verification


def change(place: Place, statement: str) -> None:
    """Changes a row as the owner of the tables."""
    engine = place.as_owner().engine()
    with writing(engine) as connection:
        assert connection.execute(sa.text(statement)).rowcount > 0, statement
    engine.dispose()


def shown(executor: Executor, name: str, **labels: str) -> float | None:
    return executor.parts.registry.get_sample_value(name, labels)


def test_an_honest_ledger_is_verified_up_to_its_latest_event(writer: Executor) -> None:
    look(writer)
    latest = writer.trading.ledger.sequence()
    writer.matcher.pass_once()
    assert shown(writer, "executor_ledger_verified_sequence") == latest > 5
    assert shown(writer, "executor_ledger_verify_failed") == 0
    assert shown(writer, "executor_ledger_verify_age_seconds", look="new") == 0


def test_a_later_look_reads_only_what_is_new(writer: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    look(writer)
    before = writer.trading.ledger.sequence()
    begun: list[int] = []
    prove = Ledger.prove

    def noting(ledger: Ledger, walk: Walk, most: int) -> bool:
        begun.append(walk.proof.events)
        return prove(ledger, walk, most)

    monkeypatch.setattr(Ledger, "prove", noting)
    writer.limit("more", "buy", "1", "98")
    assert look(writer, NEW_SECONDS).sequence == writer.trading.ledger.sequence() > before
    assert begun == [before]


def test_the_pages_are_bounded(writer: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("executor.verifying.EVENTS_TOGETHER", 2)
    reached = []
    for _ in range(MOST_STEPS):
        writer.parts.verification.step()
        reached.append(writer.parts.verification.sequence)
        if reached[-1] == writer.trading.ledger.sequence():
            break
    assert reached[:3] == [2, 4, 6]
    assert reached[-1] == writer.trading.ledger.sequence()


def test_the_rows_of_open_orders_are_compared_page_by_page_and_not_all_at_the_end(
    writer: Executor, place: Place
) -> None:
    for number in range(30):
        writer.limit(f"rest-{number}", "buy", "1", "98")
    change(place, "UPDATE orders SET sequence = 900 WHERE client_order_id = 'rest-3'")
    walk, left = Walk(AccountProof("paper")), list[int]()

    def prove_all() -> None:
        while not writer.trading.ledger.prove(walk, 10):
            left.append(len(walk.unseen))

    with pytest.raises(LedgerFault, match="sequence is 900"):
        prove_all()
    assert walk.proof.events == writer.trading.ledger.sequence()
    assert max(left) <= 2
    assert left[-1] >= 1, "the row that says that a later event changed it is left for the end"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE events SET recorded_at = recorded_at - interval '1 s' WHERE sequence = :new", "was changed"),
        ("UPDATE events SET previous_hash = hash WHERE sequence = :new", "does not carry the hash"),
        ("UPDATE orders SET quantity = 7 WHERE client_order_id = 'more'", "quantity is 7"),
        ("DELETE FROM orders WHERE client_order_id = 'more'", "is missing"),
        ("DELETE FROM events WHERE sequence > 3", "it was proved before"),
        ("UPDATE accounts SET hash = 'x'", "the checkpoint's hash"),
        ("UPDATE balances SET amount = amount + 1 WHERE name = 'cash' AND unit = 'TRY'", "balances cash/TRY"),
        ("INSERT INTO postings VALUES ('paper', :new, 1, 'cash', '', 'TRY', 5)", "is one too many"),
        ("INSERT INTO postings VALUES ('paper', :new + 900, 1, 'cash', '', 'TRY', 5)", "which is not there"),
        ("INSERT INTO fills VALUES ('x', 'x', 'paper', :new, 'taker', 1, 1, 1, now())", "fills has 1 rows"),
        (
            "INSERT INTO orders SELECT 'x' || order_id, account, 'x', symbol, side, type, time_in_force, quantity, "
            "limit_price, status, filled_quantity, average_price, fees, denials, received_at, updated_at, sequence, "
            "received_sequence, answered_sequence, is_open, terms FROM orders WHERE client_order_id = 'more'",
            "orders has 2 rows",
        ),
    ],
)
def test_a_new_row_that_was_tampered_with_is_told_by_the_next_look(
    writer: Executor, place: Place, statement: str, told: str, caplog: pytest.LogCaptureFixture
) -> None:
    assert not look(writer).failed
    writer.limit("more", "buy", "1", "98")
    change(place, statement.replace(":new", str(writer.trading.ledger.sequence())))
    assert look(writer, NEW_SECONDS).failed
    assert shown(writer, "executor_ledger_verify_failed") == 1
    [line] = [record for record in caplog.records if "not as its events say" in record.getMessage()]
    assert told in line.fault  # type: ignore[attr-defined]


def test_an_old_row_that_was_tampered_with_is_told_by_the_next_look_at_the_whole_ledger(
    writer: Executor, place: Place
) -> None:
    look(writer)
    change(place, "UPDATE events SET payload = replace(payload, '99', '98') WHERE payload LIKE '%99%'")
    assert not look(writer, NEW_SECONDS).failed
    assert look(writer, WHOLE_SECONDS).failed


def test_a_row_of_an_event_before_the_first_one_is_told(writer: Executor, place: Place) -> None:
    change(place, "INSERT INTO postings VALUES ('paper', 0, 1, 'cash', '', 'TRY', 5)")
    assert look(writer).failed


def test_a_row_that_was_put_right_is_proved_by_a_look_at_the_whole_ledger(writer: Executor, place: Place) -> None:
    change(place, "UPDATE orders SET quantity = quantity + 1")
    assert look(writer).failed
    assert look(writer, FAULT_SECONDS / 2).failed
    change(place, "UPDATE orders SET quantity = quantity - 1")
    verification = look(writer, FAULT_SECONDS)
    assert not verification.failed
    assert verification.sequence == writer.trading.ledger.sequence()


def test_one_bad_row_is_logged_once(writer: Executor, place: Place, caplog: pytest.LogCaptureFixture) -> None:
    change(place, "UPDATE orders SET quantity = quantity + 1")
    for _ in range(3):
        assert look(writer, FAULT_SECONDS).failed
    assert caplog.text.count("not as its events say") == 1


def test_an_executor_that_stands_by_verifies_and_shows_nothing(
    writer: Executor, make: MakeExecutor, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make(place)
    monkeypatch.setattr(Ledger, "prove", lambda *_: pytest.fail("it reads the ledger"))
    assert other.parts.verification.step() == STANDBY_SECONDS
    assert shown(other, "executor_ledger_verify_failed") is None
    assert shown(other, "executor_ledger_verify_age_seconds", look="new") is None


def test_an_executor_that_takes_over_verifies_from_the_first_event_on(
    writer: Executor, make: MakeExecutor, place: Place
) -> None:
    other = make(place)
    other.clock.now += 9 * WHOLE_SECONDS
    other.parts.verification.step()
    writer.close()
    other.start_writing()
    assert other.trading.ledger.writer.reign is not None
    assert other.parts.verification.age("whole") == 0
    assert look(other).sequence == other.trading.ledger.sequence()


def test_a_database_that_is_away_is_no_bad_row_and_what_was_proved_stays(
    writer: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    look(writer)
    before = writer.parts.verification.sequence
    with monkeypatch.context() as away:

        def prove(ledger: Ledger, walk: Walk, most: int) -> bool:
            walk.proof.events += most  # it breaks off half-way
            raise LedgerUnavailable("gone")

        away.setattr(Ledger, "prove", prove)
        writer.clock.now += NEW_SECONDS
        assert writer.parts.verification.step() == STANDBY_SECONDS
    assert (writer.parts.verification.failed, writer.parts.verification.sequence) == (False, before)
    assert shown(writer, "executor_ledger_verify_age_seconds", look="new") == NEW_SECONDS
    writer.limit("more", "buy", "1", "98")
    assert look(writer).sequence == writer.trading.ledger.sequence() > before


def test_orders_that_come_meanwhile_make_no_honest_ledger_a_bad_one(
    writer: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("executor.verifying.EVENTS_TOGETHER", 7)
    verification = writer.parts.verification
    with ThreadPoolExecutor(3) as pool:
        orders: list[Future[Any]] = []
        for number in range(20):
            orders.append(pool.submit(writer.order, client_order_id=f"more-{number}", quantity="1"))
            orders.append(pool.submit(writer.limit, f"rest-{number}", "buy", "1", "98"))
        while not all(order.done() for order in orders):
            writer.clock.now += NEW_SECONDS
            verification.step()
            assert not verification.failed
    assert [order.result()[0] for order in orders[::2]] == [201] * 20
    assert look(writer, NEW_SECONDS).sequence == writer.trading.ledger.sequence() > 80


def test_the_ages_grow_while_no_look_is_finished(writer: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    look(writer)
    monkeypatch.setattr(Ledger, "prove", lambda *_: False)
    look(writer, WHOLE_SECONDS)
    assert shown(writer, "executor_ledger_verify_age_seconds", look="new") == WHOLE_SECONDS
    assert shown(writer, "executor_ledger_verify_age_seconds", look="whole") == WHOLE_SECONDS


def test_a_step_is_followed_by_a_pause_that_keeps_its_share_of_the_processor_small(
    writer: Executor, monkeypatch: pytest.MonkeyPatch
) -> None:
    spent = iter((1.0, 1.5, 2.0, 2.5))
    verification = LedgerVerification(writer.trading.ledger, writer.clock, lambda: next(spent))
    monkeypatch.setattr(Ledger, "prove", lambda *_: False)
    assert verification.step() == 0.5 / SHARE

    def broken(*_: object) -> bool:
        raise LedgerFault("bad")

    monkeypatch.setattr(Ledger, "prove", broken)
    assert verification.step() == 0.5 / SHARE > FAULT_SECONDS


def test_what_is_read_can_change_nothing(writer: Executor, monkeypatch: pytest.MonkeyPatch) -> None:
    refused = []

    def writes(_walk: Walk, connection: sa.Connection, _most: int) -> bool:
        with pytest.raises(sa.exc.DBAPIError, match="read-only"):
            connection.execute(sa.text("DELETE FROM balances"))
        refused.append(True)
        return True

    monkeypatch.setattr(Walk, "prove", writes)
    writer.parts.verification.step()
    assert refused == [True]
