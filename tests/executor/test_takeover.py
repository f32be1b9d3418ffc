"""Another executor takes the account over: nothing is lost, done twice, or appended by the one that wrote before."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest

from common import wire
from executor.command_messages import CancelOrder
from executor.commands import NOT_WRITING
from executor.ledger.engine import lock_key
from executor.ledger.timings import LEDGER_TIMINGS, LedgerTimings
from executor.peers.client import PeerClient
from executor.peers.server import PeerReply
from tests.common.local import eventually
from tests.executor import postgres
from tests.executor.cable import Wire
from tests.executor.conftest import MakeExecutor
from tests.executor.holding import holding
from tests.executor.proved import proved
from tests.executor.standin import Executor, Place

pytestmark = pytest.mark.slow

STEP_CLOCK = "UPDATE leases SET heartbeat_at = heartbeat_at {} interval '1 day'"


@pytest.fixture
def timings() -> LedgerTimings:
    """The real ones."""
    return LEDGER_TIMINGS


@pytest.fixture
def wire_to(postgres_server: postgres.Server) -> Iterator[Wire]:
    cable = Wire(postgres_server.port)
    yield cable
    cable.close()


def ask(server: postgres.Server, place: Place, statement: str) -> None:
    """Has the database do a statement, as an operator might by hand."""
    with server.connect(place.url.rpartition("/")[2]) as connection:
        connection.execute(statement.encode())


def writes(executor: Executor) -> bool:
    return executor.trading.ledger.writer.reign is not None


def writers(*executors: Executor) -> list[Executor]:
    return [executor for executor in executors if writes(executor)]


@contextmanager
def hung(executor: Executor) -> Iterator[None]:
    """No heartbeat comes from an executor, though its threads go on."""
    with executor.trading.ledger.writer._stepping:
        yield


def keys(executor: Executor) -> list[str]:
    return sorted(order["client_order_id"] for order in executor.get("/v1/orders")["orders"])


@pytest.mark.slow
def test_a_writer_without_a_heartbeat_is_superseded_and_appends_nothing_any_more(
    make: MakeExecutor, place: Place
) -> None:
    one, two = make(place), make(place)
    resting = one.limit("before", "buy", "1", "99")
    with hung(one):
        eventually(lambda: writes(two))
        assert two.limit("meanwhile", "buy", "2", "99")["status"] == "accepted"
        asked = {"client_order_id": "woken", "type": "limit", "quantity": "3", "limit_price": "99"}
        status, told = one.order(**asked)
        assert (status, told["error"]["code"], told["error"]["retryable"]) == (503, "LEDGER_UNAVAILABLE", True)
        assert not writes(one)
    one.parts.leading.step()
    assert one.order(**asked)[1]["status"] == "accepted", "it is forwarded to the one that writes now"
    assert (writes(one), writes(two)) == (False, True)
    status, cancelled = one.post(f"/v1/orders/{resting['order_id']}/cancel")
    assert (status, cancelled["status"]) == (200, "cancelled")
    assert keys(one) == keys(two) == ["before", "meanwhile", "woken"]
    assert proved(place).orders == 3


def test_a_batch_that_was_under_way_while_another_took_over_is_done_once_and_by_the_other(
    make: MakeExecutor, place: Place
) -> None:
    one, two = make(place), make(place)
    one.limit("before", "buy", "1", "99")
    with ThreadPoolExecutor(8) as pool:
        with holding(one.trading.ledger, pool) as waiting:
            late = [pool.submit(one.limit, f"late-{n}", "buy", "1", "98.5") for n in range(3)]
            eventually(lambda: waiting() == len(late))
            eventually(lambda: writes(two))
            two.limit("meanwhile", "buy", "1", "98.5")
        answers = [each.result(20) for each in late]
    assert {answer["status"] for answer in answers} == {"accepted"}
    assert keys(two) == ["before", "late-0", "late-1", "late-2", "meanwhile"]
    assert proved(place).orders == 5


def test_a_known_key_gets_its_first_answer_from_the_executor_that_takes_over(make: MakeExecutor, place: Place) -> None:
    one, two = make(place), make(place)
    asked = {"client_order_id": "key", "type": "limit", "quantity": "1", "limit_price": "99"}
    _, first = one.order(**asked)
    one.post(f"/v1/orders/{first['order_id']}/cancel")
    one.close()
    eventually(lambda: writes(two))
    assert two.order(**asked) == (200, first), "as it was answered, though the order has ended since"
    status, other = two.order(**{**asked, "quantity": "2"})
    assert (status, other["error"]["code"]) == (409, "CLIENT_ORDER_ID_REUSED")
    assert proved(place).orders == 1


def test_an_order_whose_forwarding_lost_its_answer_is_done_once(make: MakeExecutor, place: Place) -> None:
    one, two = make(place), make(place)
    cable = _between(one, two)
    lost = _losing_answers(one, cable)
    status, order = two.order(client_order_id="key", quantity="1")
    assert (status in (200, 201), order["status"]) == (True, "filled")
    assert lost == ["place"]
    assert proved(place).orders == 1
    assert two.order(client_order_id="key", quantity="1")[1]["order_id"] == order["order_id"]
    cable.close()


def test_a_cancel_whose_forwarding_lost_its_answer_is_unknown_and_says_so(make: MakeExecutor, place: Place) -> None:
    one, two = make(place), make(place)
    order = two.limit("resting", "buy", "1", "99")
    cable = _between(one, two)
    lost = _losing_answers(one, cable)
    status, told = two.post(f"/v1/orders/{order['order_id']}/cancel")
    assert (status, told["error"]["code"], told["error"]["retryable"]) == (503, "LEDGER_UNAVAILABLE", True)
    assert lost == ["cancel"]
    status, told = two.post(f"/v1/orders/{order['order_id']}/cancel")
    assert (status, told["error"]["code"]) == (409, "ORDER_FINAL")
    assert two.get(f"/v1/orders/{order['order_id']}")["status"] == "cancelled"
    cable.close()


def _between(one: Executor, two: Executor) -> Wire:
    """Lays a cable between the writer and the other, which can be pulled."""
    cable = Wire(int(one.parts.peers.address.rpartition(":")[2]))
    one.parts.peers._port = cable.port
    eventually(lambda: (two.trading.ledger.writer.holder or (0, ""))[1] == f"127.0.0.1:{cable.port}")
    return cable


def _losing_answers(writer: Executor, cable: Wire) -> list[str]:
    """Has the writer do the next command that is forwarded, and cuts the connection before its answer."""
    lost: list[str] = []
    take, ledger = writer.parts.peers._taking, writer.trading.ledger

    def taking(body: bytes, reply: PeerReply) -> None:
        if not lost:
            lost.append(wire.decode(dict[str, Any], body)["command"])
            cable.hang()
            threading.Thread(target=cut, args=(ledger.sequence(),), daemon=True).start()
        take(body, reply)

    def cut(before: int) -> None:
        eventually(lambda: ledger.sequence() > before)
        cable.pull()
        cable.plug()

    writer.parts.peers._taking = taking
    return lost


def test_what_waits_for_an_executor_that_hangs_is_done_by_the_one_that_takes_over(
    make: MakeExecutor, place: Place
) -> None:
    one, two = make(place), make(place)
    one.limit("before", "buy", "1", "99")
    one.parts.peers._taking = lambda _body, _reply: None
    with ThreadPoolExecutor(1) as pool, hung(one):
        waits = pool.submit(two.limit, "waits", "buy", "1", "98.5")
        assert waits.result(6)["status"] == "accepted", "sooner than an answer of the one that hangs is given up"
    assert proved(place).orders == 2


@pytest.mark.slow
def test_while_nobody_writes_the_answer_is_503_and_may_be_asked_for_again(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    with postgres_server.connect(place.url.rpartition("/")[2]) as other:
        other.execute("SELECT pg_advisory_lock(%s)", (lock_key("writer:paper"),))
        executor = make(place)
        for status, told in (executor.order(), executor.post("/v1/orders/paper-1/cancel")):
            error = told["error"]
            assert (status, error["code"], error["retryable"]) == (503, "LEDGER_UNAVAILABLE", True)
        assert executor.client.get("/v1/account").status_code == 503
    eventually(lambda: writes(executor))
    assert executor.order()[1]["status"] == "filled"


def test_an_executor_that_does_not_write_refuses_what_is_forwarded_to_it(make: MakeExecutor, place: Place) -> None:
    one, two = make(place), make(place)
    order = one.limit("resting", "buy", "1", "99")
    client = PeerClient(two.settings.peers.key)
    frame = client.ask(two.parts.peers.address, wire.encode(CancelOrder(order_id=order["order_id"])), 5.0)
    client.close()
    assert frame.status == NOT_WRITING
    assert one.get(f"/v1/orders/{order['order_id']}")["status"] == "accepted"


@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM leases",
        "UPDATE leases SET epoch = epoch + 1",
        "UPDATE leases SET epoch = epoch - 1",
        "UPDATE leases SET address = '127.0.0.1:1', holder = 'nobody', backend = 0",
        "UPDATE leases SET heartbeat_at = heartbeat_at - interval '1 day'",
        "UPDATE leases SET heartbeat_at = heartbeat_at + interval '1 day'",
    ],
)
def test_whatever_is_done_to_the_lease_by_hand_both_executors_go_on(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server, statement: str
) -> None:
    one, two = make(place), make(place)
    one.limit("before", "buy", "1", "99")
    ask(postgres_server, place, statement)
    for number, executor in enumerate((one, two, one, two)):
        assert executor.limit(f"after-{number}", "buy", "1", "98.5")["status"] == "accepted"
    assert len(writers(one, two)) == 1
    assert proved(place).orders == 5


def test_a_lease_that_was_deleted_gives_no_epoch_a_second_time(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    executor, seen = make(place), set[int]()
    for _ in range(5):
        writer = executor.trading.ledger.writer
        assert writer._epoch not in seen
        seen.add(writer._epoch)
        ask(postgres_server, place, "DELETE FROM leases")
        epoch = writer._epoch
        eventually(lambda epoch=epoch, writer=writer: writer.reign is not None and writer._epoch != epoch)  # type: ignore[misc]


def test_a_clock_of_the_database_that_is_set_takes_the_account_from_nobody(
    make: MakeExecutor, place: Place, postgres_server: postgres.Server
) -> None:
    """A heartbeat looks a day old, or comes from tomorrow; only one that stays the same is none."""
    one, two = make(place), make(place)
    before = one.trading.ledger.writer._epoch
    for key, sign in (("back", "-"), ("ahead", "+")):
        ask(postgres_server, place, STEP_CLOCK.format(sign))
        two.parts.leading.step()
        assert one.order(client_order_id=key, quantity="0.1")[1]["status"] == "filled"
    assert (writes(one), one.trading.ledger.writer._epoch) == (True, before)
    with hung(one):
        ask(postgres_server, place, STEP_CLOCK.format("+"))
        eventually(lambda: writes(two))


def test_executors_that_start_at_one_instant_open_the_account_once(
    make: MakeExecutor, postgres_server: postgres.Server
) -> None:
    place = postgres_server.new_place()
    made, barrier = [make(place, ready=False) for _ in range(3)], threading.Barrier(3)

    def start(executor: Executor) -> None:
        barrier.wait(10)
        executor.start_writing()

    with ThreadPoolExecutor(len(made)) as pool:
        list(pool.map(start, made, timeout=30))
    eventually(lambda: len(writers(*made)) == 1)
    assert [event["kind"] for event in made[0].get("/v1/events")["events"]] == ["opened"]
    assert {made[n].limit(f"n{n}", "buy", "1", "99")["status"] for n in range(3)} == {"accepted"}
    assert proved(place).orders == 3


def test_after_the_database_was_away_one_of_both_executors_writes(
    make: MakeExecutor, postgres_server: postgres.Server, wire_to: Wire
) -> None:
    place = postgres_server.new_place(wire_to.port)
    one, two = make(place), make(place)
    for turn in range(3):
        assert one.limit(f"one-{turn}", "buy", "1", "99")["status"] == "accepted"
        assert two.limit(f"two-{turn}", "buy", "1", "99")["status"] == "accepted"
        wire_to.pull()
        assert one.order(client_order_id=f"away-{turn}")[0] == 503
        wire_to.plug()
        parts = [each.trading.ledger.writer for each in (one, two)]
        eventually(lambda: len(writers(one, two)) == 1 and not any(part.away for part in parts))  # noqa: B023
    assert two.order(client_order_id="last", quantity="0.1")[0] == 201
    direct = Place(place.url.replace(f":{wire_to.port}/", f":{postgres_server.port}/"), place.password)
    assert proved(direct).orders in range(7, 11), "one that was answered with 503 may have been done"
