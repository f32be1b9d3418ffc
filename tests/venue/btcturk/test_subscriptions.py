"""Subscriptions: the requests that are acknowledged, the ones without an answer, and the sequence of frames."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from tests.venue.btcturk.rig import START
from venue.btcturk.market import BtcturkMarket
from venue.btcturk.subscriptions import PairSubscriptions

pytestmark = pytest.mark.slow


@pytest.fixture
def market() -> BtcturkMarket:
    return BtcturkMarket(1, START, warm_up_seconds=30)


@pytest.fixture
def subscriptions() -> PairSubscriptions:
    return PairSubscriptions(random.Random(1))


def _request(channel: Any, event: Any, join: Any = True) -> str:
    return json.dumps([151, {"type": 151, "channel": channel, "event": event, "join": join}])


def _told(answers: list[bytes]) -> list[tuple[int, dict[str, Any]]]:
    return [tuple(json.loads(answer)) for answer in answers]


@pytest.mark.parametrize(
    ("channel", "event"), [("obdiff", "NOPETRY"), ("obdiff", "btcusdt"), ("obdiff", "all"), ("nope", "BTCTRY")]
)
def test_what_does_not_exist_is_acknowledged_and_then_silent(
    subscriptions: PairSubscriptions, market: BtcturkMarket, channel: str, event: str
) -> None:
    answers = _told(subscriptions.receive(_request(channel, event), market.view()))
    assert answers == [(100, {"type": 100, "ok": True, "message": f"join|{channel}:{event}"})]
    market.advance(START + 5)
    assert subscriptions.due(market.view()) == []


def test_a_second_join_is_refused_and_the_first_goes_on(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    subscriptions.receive(_request("obdiff", "BTCUSDT"), market.view())
    again = _told(subscriptions.receive(_request("obdiff", "BTCUSDT"), market.view()))
    assert again == [(100, {"type": 100, "ok": False, "message": "join|obdiff:BTCUSDT"})]
    market.advance(START + 5)
    assert [kind for kind, _ in _told(subscriptions.due(market.view()))] == [432]


def test_a_leave_ends_the_stream_and_a_new_join_begins_with_a_whole_book(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    subscriptions.receive(_request("obdiff", "BTCUSDT"), market.view())
    left = _told(subscriptions.receive(_request("obdiff", "BTCUSDT", join=False), market.view()))
    assert left == [(100, {"type": 100, "ok": True, "message": "leave|obdiff:BTCUSDT"})]
    market.advance(START + 5)
    assert subscriptions.due(market.view()) == []
    again = _told(subscriptions.receive(_request("obdiff", "BTCUSDT"), market.view()))
    assert [kind for kind, _ in again] == [100, 431]


@pytest.mark.parametrize(
    "text",
    [
        _request("obdiff", ["BTCTRY", "ETHTRY"]),
        _request("obdiff", "BTCTRY", join="yes"),
        _request("obdiff", None),
        _request(7, "BTCTRY"),
        '{"type":151,"channel":"obdiff","event":"BTCTRY","join":true}',
        '[999,{"type":999,"channel":"obdiff","event":"BTCTRY","join":true}]',
        "[151]",
        "hello",
        "",
        "[" * 2_000,
    ],
)
def test_what_is_no_subscription_gets_no_answer(
    subscriptions: PairSubscriptions, market: BtcturkMarket, text: str
) -> None:
    assert subscriptions.receive(text, market.view()) == []
    assert len(subscriptions) == 0


def test_the_sequence_rises_by_one_from_a_base_of_its_own_per_subscription(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    bases = {}
    for channel in ("obdiff", "orderbook"):
        _, first = _told(subscriptions.receive(_request(channel, "BTCTRY"), market.view()))
        bases[channel] = first[1]["CS"]
    assert bases["obdiff"] != bases["orderbook"]
    for step in range(1, 20):
        market.advance(START + step)
        told = {body["channel"]: (kind, body["CS"]) for kind, body in _told(subscriptions.due(market.view()))}
        assert told == {"obdiff": (432, bases["obdiff"] + step), "orderbook": (431, bases["orderbook"] + step)}


def test_no_two_subscriptions_share_a_base(subscriptions: PairSubscriptions, market: BtcturkMarket) -> None:
    bases = [
        _told(subscriptions.receive(_request("obdiff", pair), market.view()))[1][1]["CS"] for pair in market.view()
    ]
    assert len(set(bases)) == 5


def test_a_book_that_did_not_change_is_not_sent_but_a_ticker_is(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    for channel in ("obdiff", "orderbook", "ticker", "trade"):
        subscriptions.receive(_request(channel, "BTCTRY"), market.view())
    assert [kind for kind, _ in _told(subscriptions.due(market.view()))] == [402]


def test_levels_that_leave_the_window_are_deleted_with_an_amount(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    _, whole = _told(subscriptions.receive(_request("obdiff", "BTCUSDT"), market.view()))
    far_deletes = 0
    held = {side: {level["P"]: level["A"] for level in whole[1][side]} for side in ("AO", "BO")}
    for step in range(1, 60):
        market.advance(START + step)
        for _, body in _told(subscriptions.due(market.view())):
            for side in ("AO", "BO"):
                far = sorted(held[side], key=float, reverse=side == "AO")[:10]
                for change in body[side]:
                    if change["CP"] == 3:
                        assert float(change["A"]) > 0
                        del held[side][change["P"]]
                        far_deletes += change["P"] in far
                    else:
                        assert (change["P"] in held[side]) == (change["CP"] == 0)
                        held[side][change["P"]] = change["A"]
                assert len(held[side]) == 100
    assert far_deletes > 10


def test_each_trade_is_sent_once(subscriptions: PairSubscriptions, market: BtcturkMarket) -> None:
    _, listed = _told(subscriptions.receive(_request("trade", "BTCTRY"), market.view()))
    told = [item["I"] for item in listed[1]["items"]]
    expected = len(told) - market.view()["BTCTRY"].trade_count
    for step in range(1, 90):
        market.advance(START + step)
        told += [body["I"] for kind, body in _told(subscriptions.due(market.view())) if kind == 422]
    assert len(told) == len(set(told))
    assert len(told) == expected + market.view()["BTCTRY"].trade_count


def test_all_tickers_come_in_one_frame_without_routing_in_the_items(
    subscriptions: PairSubscriptions, market: BtcturkMarket
) -> None:
    answers = _told(subscriptions.receive(_request("ticker", "all"), market.view()))
    assert [kind for kind, _ in answers] == [100, 401]
    body = answers[1][1]
    assert list(body) == ["items", "channel", "event", "type"]
    assert (body["channel"], body["event"]) == ("ticker", "all")
    assert {item["PS"] for item in body["items"]} == set(market.view())
    assert all(not {"type", "channel", "event"} & set(item) for item in body["items"])
    assert [kind for kind, _ in _told(subscriptions.due(market.view()))] == [401]


@pytest.mark.parametrize("resolution", ["1", "5", "15", "30", "60", "240", "1D", "1W", "1M"])
def test_the_growing_candle_comes_first_and_then_when_it_changed(
    subscriptions: PairSubscriptions, market: BtcturkMarket, resolution: str
) -> None:
    event = f"BTCTRY_{resolution}"
    _, (kind, body) = _told(subscriptions.receive(_request("tradeview", event), market.view()))
    assert kind == 428
    assert list(body) == ["D", "P", "R", "O", "H", "L", "C", "V", "channel", "event", "type"]
    assert (body["P"], body["R"], body["event"]) == ("BTCTRY", resolution, event)
    assert float(body["L"]) <= float(body["O"]) <= float(body["H"])
    assert subscriptions.due(market.view()) == []
    trades = market.view()["BTCTRY"].trade_count
    market.advance(START + 20)
    (kind, body), view = _told(subscriptions.due(market.view()))[0], market.view()["BTCTRY"]
    assert view.trade_count > trades
    assert (kind, body["C"]) == (428, view.spec.price_text(view.last))


@pytest.mark.parametrize("event", ["BTCTRY", "BTCTRY_", "BTCTRY_2", "NOPETRY_60", "btctry_60", "_60"])
def test_a_candle_that_does_not_exist_is_acknowledged_and_then_silent(
    subscriptions: PairSubscriptions, market: BtcturkMarket, event: str
) -> None:
    assert len(subscriptions.receive(_request("tradeview", event), market.view())) == 1
    market.advance(START + 20)
    assert subscriptions.due(market.view()) == []


def _again(code: Any, channel: Any, event: Any) -> str:
    return json.dumps([101, {"type": 101, "code": code, "channel": channel, "event": event}])


def test_the_last_trades_are_sent_again_on_request(subscriptions: PairSubscriptions, market: BtcturkMarket) -> None:
    subscriptions.receive(_request("trade", "BTCTRY"), market.view())
    market.advance(START + 9)
    ((kind, body),) = _told(subscriptions.receive(_again(421, "trade", "BTCTRY"), market.view()))
    assert kind == 421
    assert body["items"][0]["I"] == market.view()["BTCTRY"].trades[-1].trade_id
    assert subscriptions.due(market.view()) == []


@pytest.mark.parametrize(
    "request_again",
    [
        _again(421, "trade", "ETHTRY"),
        _again(431, "trade", "BTCTRY"),
        _again(421, "obdiff", "BTCTRY"),
        _again(421, "trade", None),
        _again("421", "trade", "BTCTRY"),
    ],
)
def test_other_requests_get_no_answer(
    subscriptions: PairSubscriptions, market: BtcturkMarket, request_again: str
) -> None:
    subscriptions.receive(_request("trade", "BTCTRY"), market.view())
    assert subscriptions.receive(request_again, market.view()) == []
