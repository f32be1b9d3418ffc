"""Each fault of the AlgoLab side does what its name says, on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, ConnectionClosedError, InvalidStatus

from common.bist import rules
from common.errors import InvalidRequest
from tests.venue.algolab.rig import (
    CREDENTIALS,
    Bist,
    Client,
    client,
    encrypted,
    post,
    running_bist,
)
from tests.venue.rig import eventually
from venue.algolab.faults import FRAME_FAULTS, NAMES, AlgoLabFaults, FaultName


@pytest.fixture
def bist() -> Iterator[Bist]:
    with running_bist() as running:
        yield running


@pytest.fixture
def joined(bist: Bist) -> Iterator[Client]:
    """A client that was told the whole book of THYAO and is owed its ticks."""
    with client(bist) as one:
        one.ask("T", "THYAO")
        one.ask("D", "THYAO")
        one.contents("D", 20)
        bist.quiet()
        yield one


def _moved(bist: Bist, joined: Client, seconds: float = 9.0) -> list[dict[str, Any]]:
    """Every frame that some seconds of market give."""
    bist.move(seconds)
    bist.quiet()
    return joined.everything()


def _of(kind: str, frames: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [frame["Content"] for frame in frames if frame.get("Type") == kind]


def _late(bist: Bist, content: dict[str, Any]) -> timedelta:
    return datetime.fromtimestamp(bist.clock.now).astimezone() - datetime.fromisoformat(content["Date"])


def test_a_stale_date_is_a_quarter_of_an_hour_old_until_it_is_cleared(bist: Bist, joined: Client) -> None:
    bist.faults.arm("stale_date", count=0)
    told = _of("T", _moved(bist, joined))
    assert told
    assert all(timedelta(seconds=900) <= _late(bist, content) < timedelta(seconds=912) for content in told)
    bist.faults.clear()
    assert all(_late(bist, content) < timedelta(seconds=12) for content in _of("T", _moved(bist, joined)))


def test_a_date_out_of_order_is_before_its_predecessor(bist: Bist, joined: Client) -> None:
    bist.faults.arm("out_of_order_date", seconds=60.0)
    dates = [frame["Content"]["Date"] for frame in _moved(bist, joined)]
    assert dates[0] < min(dates[1:])


def _bids(frames: list[dict[str, Any]]) -> list[float]:
    return [content["Bid"] for content in _of("T", frames)]


CHANGED_FRAMES: dict[FaultName, Callable[[list[dict[str, Any]]], bool]] = {
    "no_bid": lambda frames: _bids(frames)[0] == 0.0 < min(_bids(frames)[1:]),
    "duplicate_tick": lambda frames: _of("T", frames)[0] == _of("T", frames)[1],
    "unknown_type": lambda frames: frames[0]["Type"] == "Z",
    "lower_case_keys": lambda frames: frames[0]["type"] in "TD" and frames[0]["content"]["symbol"] == "THYAO",
    "garbage": lambda frames: frames[0] == {} != frames[1],
}


@pytest.mark.parametrize("fault", CHANGED_FRAMES)
def test_a_fault_changes_a_frame_once(bist: Bist, joined: Client, fault: FaultName) -> None:
    bist.faults.arm(fault)
    assert CHANGED_FRAMES[fault](_moved(bist, joined))
    assert bist.faults.armed() == []
    assert bist.faults.done()[fault] == 1


def test_ticks_that_lie_tell_lower_prices_that_are_possible(bist: Bist, joined: Client) -> None:
    honest = _of("T", _moved(bist, joined))
    bist.faults.arm("lying_ticks", symbol="THYAO", seconds=3600.0)
    told = _of("T", _moved(bist, joined))
    for content in told:
        day = datetime.fromisoformat(content["Date"]).date()
        assert all(rules.on_tick(Decimal(str(content[side])), day) for side in ("Bid", "Ask"))
        assert content["Bid"] < content["Ask"] < 0.95 * min(_prices(honest))
    assert told


def _prices(contents: list[dict[str, Any]]) -> list[float]:
    return [content["Price"] for content in contents]


def test_missing_rows_are_never_sent(bist: Bist, joined: Client) -> None:
    bist.faults.arm("missing_rows", count=0)
    frames = _moved(bist, joined)
    assert _of("D", frames) == []
    assert _of("T", frames)


@pytest.mark.parametrize("faults", [["stuck_rows"], ["maintenance"], ["stuck_rows", "maintenance"]])
def test_rows_that_were_withheld_come_as_they_are_then_and_none_is_lost(
    bist: Bist, joined: Client, faults: list[FaultName]
) -> None:
    rows = _rows(bist)
    for fault in faults:
        bist.faults.arm(fault, symbol="THYAO", seconds=3600.0)
        assert _of("D", _moved(bist, joined)) == []
    assert rows != _rows(bist)
    bist.faults.clear()

    def caught_up() -> bool:
        for content in _of("D", joined.everything()):
            rows[content["Direction"], content["Row"]] = (content["Price"], content["Quantity"])
        return rows == _rows(bist)

    eventually(caught_up)


def _rows(bist: Bist) -> dict[tuple[str, int], tuple[float, int]]:
    view = bist.truth("THYAO")
    return {
        (side, number): (float(row.price), row.quantity)
        for side, levels in (("B", view.bids), ("S", view.asks))
        for number, row in enumerate(levels)
    }


def test_crossed_rows_put_the_best_bid_above_every_ask(bist: Bist, joined: Client) -> None:
    bist.faults.arm("crossed_rows", count=0)
    frames: list[dict[str, Any]] = []
    while not (best := [row for row in _of("D", frames) if (row["Direction"], row["Row"]) == ("B", 0)]):
        frames = _moved(bist, joined)
    assert all(row["Price"] > float(bist.truth("THYAO").asks[-1].price) for row in best)


def test_a_fault_of_another_symbol_leaves_this_one_alone(bist: Bist, joined: Client) -> None:
    for fault in FRAME_FAULTS:
        bist.faults.arm(fault, symbol="GARAN")
    _moved(bist, joined)
    assert len(bist.faults.armed()) == len(FRAME_FAULTS)


def test_silence_keeps_the_socket_and_changes_follow_after_it(bist: Bist, joined: Client) -> None:
    bist.faults.arm("silence", seconds=60.0)
    eventually(lambda: bist.faults.done()["silence"])
    bist.move(9.0)
    with pytest.raises(TimeoutError):
        joined.socket.recv(0.2)
    assert joined.socket.ping().wait(10)
    bist.faults.clear()
    assert joined.next_of("D")["Symbol"] == "THYAO"


@pytest.mark.parametrize(("fault", "code"), [("close", 1006), ("close", 1011), ("reset", None)])
def test_a_socket_ends_as_its_fault_says(bist: Bist, joined: Client, fault: FaultName, code: int | None) -> None:
    bist.faults.arm(fault, code=code)
    with pytest.raises(ConnectionClosed) as closed:
        joined.socket.recv(10)
    assert (closed.value.rcvd.code if closed.value.rcvd else None) == (None if code == 1006 else code)


@pytest.mark.parametrize("fault", ["half_open", "partial_frame"])
def test_a_socket_that_is_dark_stays_open_and_answers_nothing(bist: Bist, joined: Client, fault: FaultName) -> None:
    bist.faults.arm(fault)
    eventually(lambda: bist.faults.done()[fault])
    bist.move(5.0)
    assert not joined.socket.ping().wait(0.2)
    with pytest.raises(TimeoutError):
        joined.socket.recv(0.1)


def test_a_session_that_expires_ends_sockets_and_calls(bist: Bist) -> None:
    session = bist.session()
    with client(bist, session) as joined:
        joined.ask("T", "THYAO")
        bist.faults.arm("expire_session")
        with pytest.raises(ConnectionClosedError):
            joined.socket.recv(10)
    assert post(bist, "SessionRefresh", {}, session)[0] == 401
    with pytest.raises(InvalidStatus), client(bist, session):
        pass


def test_an_upgrade_is_refused_with_the_status_that_was_asked_for(bist: Bist) -> None:
    bist.faults.arm("refuse_upgrade", status=502)
    with pytest.raises(InvalidStatus) as refused, client(bist):
        pass
    assert refused.value.response.status_code == 502
    with client(bist) as joined:
        assert joined.socket.ping().wait(10)


def test_a_refused_upgrade_can_bring_the_page_of_a_firewall(bist: Bist) -> None:
    bist.faults.arm("refuse_upgrade", status=403, page="<html>no</html>")
    with pytest.raises(InvalidStatus) as refused, client(bist):
        pass
    answer = refused.value.response
    assert (answer.status_code, answer.body) == (403, b"<html>no</html>")
    assert answer.headers["Content-Type"].startswith("text/html")


def test_a_call_answers_with_the_status_that_was_asked_for(bist: Bist) -> None:
    bist.faults.arm("rest_status", status=429, endpoint="GetEquityInfo")
    session = bist.session()
    assert post(bist, "SessionRefresh", {}, session)[0] == 200
    assert post(bist, "GetEquityInfo", {"symbol": "THYAO"}, session)[0] == 429
    assert post(bist, "GetEquityInfo", {"symbol": "THYAO"}, session)[0] == 200


def test_a_login_is_refused_at_either_step(bist: Bist) -> None:
    user = {"username": encrypted(CREDENTIALS.username), "password": encrypted(CREDENTIALS.password)}
    bist.faults.arm("refuse_login")
    assert post(bist, "LoginUser", user)[1]["success"] is False
    token = post(bist, "LoginUser", user)[1]["content"]["token"]
    bist.faults.arm("refuse_sms")
    control = {"token": encrypted(token), "password": encrypted(str(bist.accounts.phone()))}
    assert post(bist, "LoginUserControl", control)[1]["success"] is False
    assert post(bist, "LoginUserControl", control)[1]["success"] is True


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"fault": "nothing"}, "fault"),
        ({"fault": "no_bid", "count": -1}, "count"),
        ({"fault": "no_bid", "seconds": 1.0}, "seconds"),
        ({"fault": "close", "code": 7}, "code"),
        ({"fault": "close", "code": 1005}, "code"),
        ({"fault": "rest_status", "status": 499}, "status"),
        ({"fault": "silence", "seconds": 1e9}, "seconds"),
        ({"fault": "refuse_login", "symbol": "THYAO"}, "symbol"),
        ({"fault": "silence", "endpoint": "LoginUser"}, "endpoint"),
        ({"fault": "rest_status", "endpoint": "Orders"}, "endpoint"),
    ],
)
def test_a_request_that_makes_no_sense_names_its_field(wrong: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest) as refused:
        AlgoLabFaults().arm(**wrong)
    assert refused.value.details["field"] == field


def test_a_fault_is_done_as_often_as_it_was_asked_for() -> None:
    faults = AlgoLabFaults()
    faults.arm("no_bid", count=2)
    assert [bool(faults.next_fault("no_bid")) for _ in range(3)] == [True, True, False]
    assert faults.done()["no_bid"] == 2
    assert set(faults.done()) == set(NAMES)
