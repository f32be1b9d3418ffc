"""A decimal of a request has one grammar, plain digits; every other spelling is refused with the field's name."""

import json
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from common import wire
from common.amount import AMOUNT_FORM
from common.decimals import MOST_DIGITS, plain_text
from common.errors import InvalidRequest

ORDER = {"client_order_id": "c", "symbol": "V:P", "side": "buy", "type": "limit", "quantity": "1", "limit_price": "2"}
FOREIGN = [
    *(
        "1__0",
        "1_0",
        "_1",
        "1_",
        "+1",
        ".5",
        "5.",
        "-.5",
        "--1",
        "- 1",
        "1e0",
        "1E1",
        "1e-1000119",
        "1E400",
        "1e9999999",
    ),
    *(" 1", "1 ", "\t1", "1\n", "\u00a01", "1\u2009", "\uff11", "\u0661", "1\uff0e5", "\u00bd", "0x10", "0b1", "1,5"),
    *("Infinity", "-inf", "NaN", "sNaN", "nan123", "one", "", "-", ".", "1.2.3", "1'000", "\u22121", "1\x00"),
]
PARTS = st.sampled_from([*"0123456789.+-_eE ,'\n\u0661\uff11\u2212", "nan", "inf", "Infinity", "1", "0"])
TEXTS = st.one_of(st.text(max_size=12), st.lists(PARTS, max_size=10).map("".join), st.from_regex(AMOUNT_FORM))


class Nested(wire.Message, frozen=True, kw_only=True):
    """Decimals in every place that a message can have them."""

    one: Decimal | None = None
    many: tuple[Decimal, ...] = ()
    named: dict[str, Decimal] | None = None
    pairs: tuple[wire.Level, ...] = ()
    inner: "Nested2 | None" = None


@dataclass
class Nested2:
    """Decimals of a dataclass."""

    amounts: dict[str, dict[str, Decimal]]


class Left(wire.Message, frozen=True, kw_only=True, tag="left"):
    """One of two messages."""

    price: Decimal


class Right(wire.Message, frozen=True, kw_only=True, tag="right"):
    """The other one, without a decimal."""

    name: str


class Either(wire.Message, frozen=True, kw_only=True):
    """One of two messages inside of a third."""

    found: Left | Right


def _ordered(**changes: Any) -> wire.OrderRequest:
    return wire.decode(wire.OrderRequest, json.dumps(ORDER | changes))


@pytest.mark.parametrize("field", ["quantity", "limit_price"])
@pytest.mark.parametrize("text", FOREIGN)
def test_a_spelling_that_only_python_knows_is_refused_with_the_field(field: str, text: str) -> None:
    with pytest.raises(InvalidRequest, match="plain digits") as refusal:
        _ordered(**{field: text})
    assert refusal.value.details["field"] == field


@given(TEXTS)
@example("0" * 13)
@example("1." + "0" * 19)
def test_an_amount_is_taken_exactly_when_it_has_the_documented_form(text: str) -> None:
    if not re.fullmatch(AMOUNT_FORM, text):
        with pytest.raises(InvalidRequest, match="quantity: must be"):
            _ordered(quantity=text)
    else:
        found = _ordered(quantity=text).quantity
        assert found == Decimal(text)
        assert re.fullmatch(r"(0|[1-9][0-9]*)(\.[0-9]*[1-9])?", plain_text(found))


@given(TEXTS)
def test_a_decimal_anywhere_else_may_be_negative_and_longer_and_is_plain_too(text: str) -> None:
    body = json.dumps({"one": text})
    if re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", text):
        assert wire.decode(Nested, body).one == Decimal(text)
    else:
        with pytest.raises(InvalidRequest, match="one: must be"):
            wire.decode(Nested, body)


@pytest.mark.parametrize("number", ["1e5", "1E400", "1E-2", "1.5e0", "-1", "-0.0", "1" + "0" * 30, "9" * 5_000])
def test_a_json_number_has_the_same_grammar(number: str) -> None:
    with pytest.raises(InvalidRequest) as refusal:
        wire.decode(wire.OrderRequest, json.dumps(ORDER).replace('"1"', number))
    assert refusal.value.details["field"] == "quantity"


@pytest.mark.parametrize(
    "number", ["1", "0.1", "999999999999", "0.123456789012345678", "100000000000.000000000000000001"]
)
def test_a_json_number_in_plain_digits_is_read_exactly(number: str) -> None:
    assert wire.decode(wire.OrderRequest, json.dumps(ORDER).replace('"1"', number)).quantity == Decimal(number)


def test_a_text_with_escapes_is_read_as_the_text_that_it_stands_for() -> None:
    assert wire.decode(wire.OrderRequest, json.dumps(ORDER).replace('"1"', r'"\u0031\u002e5"')).quantity == Decimal(
        "1.5"
    )


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"one": "1_0"}, "one"),
        ({"many": ["1", "1_0"]}, "many[1]"),
        ({"named": {"a": "1", "b": "1_0"}}, "named[...]"),
        ({"pairs": [["1", "2"], ["1", "1_0"]]}, "pairs[1][1]"),
        ({"inner": {"amounts": {"a": {"b": "1_0"}}}}, "inner.amounts[...][...]"),
    ],
)
def test_a_decimal_is_checked_wherever_a_message_has_it(body: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidRequest, match="plain digits") as refusal:
        wire.decode(Nested, json.dumps(body))
    assert refusal.value.details["field"] == field


def test_a_message_in_a_union_is_checked_by_its_tag() -> None:
    assert wire.decode(Either, '{"found":{"type":"right","name":"1_0"}}').found == Right(name="1_0")
    assert wire.decode(Either, '{"found":{"type":"left","price":"1"}}').found == Left(price=Decimal(1))
    with pytest.raises(InvalidRequest, match=r"found\.price: must be a number in plain digits"):
        wire.decode(Either, '{"found":{"type":"left","price":"1_0"}}')


@pytest.mark.parametrize("value", [True, [], {}, None, ["1"]])
def test_what_is_no_number_at_all_is_refused_by_its_type(value: Any) -> None:
    with pytest.raises(InvalidRequest, match="quantity: Expected") as refusal:
        _ordered(quantity=value)
    assert refusal.value.details["field"] == "quantity"


def test_a_text_of_more_digits_than_any_number_has_is_refused() -> None:
    assert wire.decode(Nested, json.dumps({"one": "1" * MOST_DIGITS})).one == Decimal("1" * MOST_DIGITS)
    with pytest.raises(InvalidRequest, match="plain digits"):
        wire.decode(Nested, json.dumps({"one": "1" * (MOST_DIGITS + 1)}))


@given(st.one_of(st.text(max_size=8), st.decimals().map(str)))
def test_python_never_knows_fewer_spellings(text: str) -> None:
    try:
        Decimal(text)
    except InvalidOperation:
        with pytest.raises(InvalidRequest):
            wire.decode(Nested, json.dumps({"one": text}))
