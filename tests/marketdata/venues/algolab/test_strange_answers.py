"""The broker's answers are used field by field; one call that is refused stops no other, and the pace is kept."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any, cast

import pytest

from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.algolab.answers import Refused, read_equity, read_refresh, read_text
from marketdata.venues.algolab.assembly import AlgolabTimings
from marketdata.venues.algolab.feed import FeedTimings
from tests.marketdata.venues.algolab.broker import Say, equity, running_broker, said, scripted_broker, tick
from tests.marketdata.venues.algolab.rig import running_feed
from tests.venue.algolab.rig import Bist, running_bist
from tests.venue.rig import eventually

pytestmark = pytest.mark.slow

THYAO = "BIST:THYAO"
LONG = 40.0
FEED = FeedTimings(quiet=20.0, repair_pause=0.1)
AUDITING = AlgolabTimings(calls=0.02, logins=0.05, audits=0.1, feed=FEED)
JSON, PAGE = "application/json", "text/html"
NO = b'{"success":false,"message":"no","content":null}'


def answering(**changed: Any) -> Say:
    return lambda call: call.answer(200, equity(json.loads(call.body)["symbol"], **changed))


def test_limits_and_prices_stand_without_each_other() -> None:
    value: Any
    for name in ("flr", "clg", "ask", "bid", "lst"):
        for value in ("-", "NaN", "1,5", "junk", True, [], -1, "1e300"):
            info = read_equity(equity("THYAO", **{name: value}))
            assert (info.floor is None) == (name in ("flr", "clg")), (name, value)
            assert info.told == (name not in ("ask", "bid")), (name, value)
            assert (info.last is None) == (name == "lst"), (name, value)
            assert info.unread == (() if value == "-" else (name,))
    with pytest.raises(UnusableAnswer):
        read_equity(equity("THYAO", flr="x", clg="x", ask="x", bid="x", lst="x"))


def test_a_side_that_is_not_told_is_not_one_without_a_quote() -> None:
    assert read_equity(equity("THYAO", bid="0.000")).told
    assert not read_equity(equity("THYAO", bid="")).told
    assert not read_equity(equity("THYAO", bid=None)).told


def test_limits_in_the_other_order_are_the_same() -> None:
    info = read_equity(equity("THYAO", flr="330.000", clg="270.000"))
    assert (info.floor, info.ceiling) == (Decimal(270), Decimal(330))


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (b"true", True), (b'"true"', True), (b"1", True), (b"false", False), (b"0", False),
        (b'{"success":true}', True), (b'{"Success":"True","Content":null}', True),
        (b'{"success":true,"message":"","content":true}', True),
        (b'{"success":true,"content":false}', False), (b'{"success":false,"content":null}', False),
        (b'{"content":true}', True), (b'{"success":null,"content":{"x":1},"new":[]}', None),
        (b"null", None), (b"", None), (b"{}", None), (b"<html></html>", None), (b'"maybe"', None),
    ],
)  # fmt: skip
def test_a_refresh_is_read_in_every_form(answer: bytes, goes_on: bool | None) -> None:
    if goes_on is None:
        with pytest.raises(UnusableAnswer):
            read_refresh(answer)
    else:
        assert read_refresh(answer) is goes_on


def test_a_login_is_read_in_every_form() -> None:
    for told in ('"success":true,', '"success":"true",', '"success":1,', '"success":null,', ""):
        assert read_text(f'{{{told}"Content":{{"Token":" x ","new":1}}}}'.encode(), "token") == "x"
    for told in ("null", "[]", '""', "{}", '{"token":null}', '{"token":""}', '{"token":7}'):
        with pytest.raises(UnusableAnswer):
            read_text(f'{{"success":true,"content":{told}}}'.encode(), "token")
    with pytest.raises(Refused):
        read_text(b'{"success":"false","content":{"token":"x"}}', "token")


USABLE: dict[str, dict[str, Any]] = {
    "no last price": {"lst": "junk"},
    "limits that can not be read": {"flr": "junk", "clg": "junk"},
    "limits that are none": {"flr": "0.000", "clg": "0.000"},
    "limits that are one": {"flr": "300.000", "clg": "300.000"},
    "limits off their tick": {"flr": "270.013", "clg": "329.987"},
    "a last price off its tick": {"lst": "300.013"},
    "limits of another price": {"flr": "1.000", "clg": "2.000"},
    "numbers": {"flr": 270, "clg": 330.0, "lst": 300},
    "fields that nobody uses": {"limit": None, "step": {"x": 1}, "min": "-", "brand new": [1]},
    "names of another kind": {"name": "TURK HAVA YOLLARI"},
    "no name": {"name": None},
    "swapped names": {"ask": "299.750", "bid": "300.250"},
}


@pytest.mark.parametrize("oddity", sorted(USABLE))
def test_prices_are_compared_as_far_as_an_answer_can_be_used(oddity: str) -> None:
    with running_broker(timings=AUDITING, symbols=("THYAO",)) as (broker, feed):
        broker.answers["GetEquityInfo"] = answering(**USABLE[oddity])
        eventually(feed.live, LONG)
        broker.say(tick("THYAO"))
        compared = feed.counters.equity_infos["ok"]
        eventually(lambda: feed.counters.equity_infos["ok"] > compared + 5, LONG)
        assert feed.store.faults() == {}
        assert (feed.counters.equity_infos["failed"], feed.venue.nets[0].failures) == (0, 0)
        assert feed.venue.state() == "live"
        broker.answers["GetEquityInfo"] = answering(**{**USABLE[oddity], "ask": "305.000", "bid": "304.500"})
        eventually(lambda: feed.store.faults().get(THYAO) == "contradicted by its rest", LONG)
        broker.answers.clear()
        eventually(lambda: feed.store.faults() == {}, LONG)


UNUSABLE: dict[str, Say] = {
    "no best prices": answering(ask="", bid=""),
    "a best price that can not be read": answering(bid="junk"),
    "no field": lambda call: call.answer(200, b'{"success":true,"content":{"name":"THYAO"}}'),
    "no content": said(b'{"success":true,"content":null}'),
    "a list": said(b"[]"),
    "nothing": said(b""),
    "a page": said(b"<html></html>", Content_Type=PAGE),
    "another share": lambda call: call.answer(
        200, equity("GARAN" if json.loads(call.body)["symbol"] == "THYAO" else "THYAO")
    ),
    "the broker's failure": said(b"", 500),
    "another place": said(b"", 302, Location="https://elsewhere.invalid/"),
    "no such call": said(b"", 404),
}


@pytest.mark.parametrize("oddity", sorted(UNUSABLE))
def test_a_comparison_that_can_not_be_made_is_a_torn_net_and_costs_no_book(oddity: str) -> None:
    with running_broker(timings=AUDITING) as (broker, feed):
        eventually(feed.live, LONG)
        eventually(lambda: feed.counters.equity_infos["ok"] >= 2, LONG)
        broker.answers["GetEquityInfo"] = UNUSABLE[oddity]
        eventually(lambda: feed.venue.nets[0].torn, 2 * LONG)
        assert feed.store.faults() == {}
        assert feed.venue.state() == "degraded"
        assert "price_audit" in (feed.venue.reason() or "")
        broker.answers.clear()
        eventually(lambda: feed.venue.state() == "live", 2 * LONG)


@pytest.fixture(autouse=True)
def _quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata.venues.algolab.equity_requests.AGAIN_SECONDS", 0.1)


REFUSALS: dict[str, Say] = {
    "401": said(NO, 401, Content_Type=JSON), "401 page": said(b"<html>", 401, Content_Type=PAGE),
    "403": said(NO, 403, Content_Type=JSON), "403 nothing": said(b"", 403),
    "403 page": said(b"<html>", 403, Content_Type=PAGE),
    "403 firewall": said(b"error code: 1020", 403, Content_Type="text/plain", Server="cloudflare", CF_RAY="1"),
    "407": said(b"", 407), "418": said(b"", 418), "426": said(b"", 426), "451": said(b"", 451), "404": said(b"", 404),
    "500": said(b"", 500), "302": said(b"", 302, Location="https://elsewhere.invalid/"),
}  # fmt: skip


@pytest.mark.parametrize("refusal", sorted(REFUSALS))
def test_a_call_that_is_refused_for_ever_stops_neither_session_nor_socket_nor_other_calls(
    refusal: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.FIRST_REFRESH_SECONDS", 1.0)
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.REFRESH_SECONDS", 0.5)
    with scripted_broker() as broker:
        broker.answers["GetEquityInfo"] = REFUSALS[refusal]
        with running_feed(cast(Bist, broker), timings=AUDITING) as feed:
            eventually(feed.live, LONG)
            eventually(lambda: feed.counters.refreshes["ok"] >= 4, LONG)
            assert broker.calls("GetEquityInfo") >= 1
            assert feed.session.status().state == "ACTIVE"
            assert feed.counters.attempts["open"] == 1
            assert feed.store.faults() == {}
            if refusal[:3] in ("401", "403", "407", "451"):
                assert broker.calls("GetEquityInfo") <= 2, "a refusal of the caller is not asked for again and again"
            assert "GetEquityInfo" in feed.venue.nets[0].reason


def test_a_refused_session_still_ends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("marketdata.venues.algolab.session_keeper.FIRST_REFRESH_SECONDS", 600.0)
    with scripted_broker() as broker:
        for call in ("GetEquityInfo", "SessionRefresh"):
            broker.answers[call] = said(NO, 401, Content_Type=JSON)
        with running_feed(cast(Bist, broker)) as feed:
            eventually(lambda: feed.session.status().state == "AUTH_REQUIRED", LONG)
            assert (broker.calls("GetEquityInfo"), broker.calls("SessionRefresh"), broker.calls("LoginUser")) == (
                1,
                1,
                0,
            )


def test_a_person_resumes_a_feed_whose_session_was_refused_by_mistake() -> None:
    with running_bist() as bist:
        bist.faults.arm("refuse_upgrade", status=401)
        with running_feed(bist) as feed:
            eventually(lambda: feed.session.status().state == "AUTH_REQUIRED", LONG)
            eventually(lambda: feed.venue.connection.status().state in ("stopped", "waiting"), LONG)
            assert feed.venue.state() == "auth_required"
            feed.venue.resume()
            eventually(feed.right, LONG)
            assert feed.session.status().state == "ACTIVE"


def test_a_session_that_is_refused_again_after_a_resume_is_over_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with running_bist() as bist:
        bist.faults.arm("refuse_upgrade", status=401, count=0)
        with running_feed(bist) as feed:
            for number in (1, 2):
                eventually(lambda number=number: feed.counters.sessions_lost == number, LONG)  # type: ignore[misc]
                eventually(lambda: feed.session.token() is None, LONG)
                feed.venue.resume()
            eventually(lambda: feed.counters.sessions_lost == 3, LONG)
            assert feed.counters.attempts["unauthorized"] == 3
