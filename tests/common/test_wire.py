"""Messages are read back as they were written; a body that can't be read is refused by field."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import wire
from common.codec import read
from common.errors import InvalidRequest
from tests.common import messages

ORDER = {"client_order_id": "first", "symbol": "BTCTURK:BTCTRY", "side": "buy", "type": "limit", "quantity": "0.5"}
BOOK = {
    "symbol": "BTCTURK:BTCTRY",
    "market": "simulated",
    "source": "btcturk",
    "delayed": False,
    "base_asset": "BTC",
    "quote_currency": "TRY",
    "bids": [["100", "1"]],
    "asks": [["101", "2"]],
    "sequence": 7,
    "received_at": "2026-11-22T10:00:00Z",
    "age_seconds": 0.5,
    "stale": False,
}


def _refused(kind: type[Any], body: object) -> InvalidRequest:
    raw = body if isinstance(body, bytes | str) else json.dumps(body)
    with pytest.raises(InvalidRequest) as caught:
        wire.decode(kind, raw)
    return caught.value


@settings(deadline=None)
@given(st.one_of(*(messages.of(kind) for kind in messages.KINDS)))
def test_every_message_comes_back_as_it_went_out(message: wire.Message) -> None:
    assert wire.decode(type(message), wire.encode(message)) == message


@settings(deadline=None)
@given(st.one_of(st.binary(), st.text().map(str.encode), st.recursive(st.none(), st.lists).map(json.dumps)))
def test_any_body_is_read_or_refused_by_name(body: bytes | str) -> None:
    for kind in messages.KINDS:
        try:
            wire.decode(kind, body)
        except InvalidRequest as refusal:
            assert refusal.details["field"]  # noqa: PT017 - most bodies are refused, some may be read


def test_money_is_text_and_times_are_utc_on_the_wire() -> None:
    fill = wire.Fill(
        trade_id="7",
        price=Decimal("100.50"),
        quantity=Decimal("0.10"),
        fee=Decimal("0.02"),
        filled_at=datetime(2026, 11, 22, 10, tzinfo=UTC),
    )
    assert json.loads(wire.encode(fill)) == {
        "trade_id": "7",
        "price": "100.5",
        "quantity": "0.1",
        "fee": "0.02",
        "filled_at": "2026-11-22T10:00:00Z",
    }


def test_a_level_is_a_pair() -> None:
    assert wire.encode(wire.Level(price=Decimal("100"), quantity=Decimal("1.5"))) == b'["100","1.5"]'


def test_a_message_cant_be_changed() -> None:
    order = wire.decode(wire.OrderRequest, json.dumps(ORDER))
    with pytest.raises(AttributeError):
        order.quantity = Decimal(1)  # type: ignore[misc]


@pytest.mark.parametrize("field", sorted(ORDER))
def test_a_missing_field_is_named(field: str) -> None:
    refusal = _refused(wire.OrderRequest, {name: value for name, value in ORDER.items() if name != field})
    assert refusal.details == {"field": field}


@pytest.mark.parametrize("field", sorted(ORDER))
@pytest.mark.parametrize("value", [None, [], {}, True])
def test_a_field_of_a_wrong_type_is_named(field: str, value: object) -> None:
    assert _refused(wire.OrderRequest, {**ORDER, field: value}).details == {"field": field}


def test_an_unknown_field_of_an_order_is_named() -> None:
    assert _refused(wire.OrderRequest, {**ORDER, "leverage": "10"}).details == {"field": "leverage"}


def test_an_unknown_field_of_an_answer_is_ignored() -> None:
    assert wire.decode(wire.Book, json.dumps({**BOOK, "new": 1})).sequence == 7


@pytest.mark.parametrize(
    ("field", "choices"), [("side", "buy, sell"), ("type", "market, limit"), ("time_in_force", "GTC, IOC")]
)
def test_an_unknown_word_is_told_with_the_choices(field: str, choices: str) -> None:
    refusal = _refused(wire.OrderRequest, {**ORDER, field: "hold"})
    assert refusal.details == {"field": field}
    assert choices in refusal.message


@pytest.mark.parametrize(
    "number", ["NaN", "sNaN", "Infinity", "-Infinity", " nan", "N_aN", "_NaN", "s_NaN", "-i_nf", "\u00a0NaN", "NaN7"]
)
@pytest.mark.parametrize("field", ["quantity", "limit_price"])
def test_a_number_that_is_not_finite_is_refused_by_field(field: str, number: str) -> None:
    refusal = _refused(wire.OrderRequest, {**ORDER, field: number})
    assert refusal.details == {"field": field}
    with pytest.raises(InvalidRequest):  # the same without an escape in it
        wire.decode(wire.OrderRequest, json.dumps({**ORDER, field: number}, ensure_ascii=False))


def test_a_wrong_value_deep_inside_is_named_with_its_place() -> None:
    assert _refused(wire.Book, {**BOOK, "bids": [["100", "much"]]}).details["field"].startswith("bids")


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"<html>", b"nothing", b'{"side": "buy"', b"[" * 100_000])
def test_what_is_not_json_is_refused_as_a_whole(body: bytes) -> None:
    assert _refused(wire.OrderRequest, body).details == {"field": "body"}


@pytest.mark.parametrize("body", [[], "text", 7, None, True])
def test_json_that_is_no_object_is_refused_as_a_whole(body: object) -> None:
    assert _refused(wire.OrderRequest, body).details == {"field": "body"}


def test_a_very_long_value_makes_no_very_long_message() -> None:
    assert len(_refused(wire.OrderRequest, {**ORDER, "side": "x" * 10_000}).message) < 500


def test_every_message_is_frozen_and_tried_here() -> None:
    found = {kind for kind in vars(wire).values() if isinstance(kind, type) and issubclass(kind, wire.Message)}
    assert found - {wire.Message, wire.Fact} == set(messages.KINDS)
    assert all(kind.__struct_config__.frozen for kind in found if issubclass(kind, msgspec.Struct))


@pytest.mark.parametrize("odd", ["NaN", "-Infinity", " inf", "1e99999", r"\u004eaN"])
def test_a_body_of_a_service_of_ours_is_refused_when_a_number_in_it_is_none(odd: str) -> None:
    whole = json.dumps(BOOK)
    assert read(wire.Book, whole) == wire.decode(wire.Book, whole)
    with pytest.raises(InvalidRequest) as caught:
        read(wire.Book, whole.replace('"101"', f'"{odd}"'))
    assert caught.value.details["field"].startswith("asks")
