"""A decimal has one spelling in every answer: plain digits, whatever its size, and its value never changes."""

import json
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from common import answers, sse, wire
from common.decimals import plain_text
from common.errors import InvalidRequest
from tests.common import messages

PLAIN = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
AS_PYTHON_WRITES = re.compile(r"-?[0-9]+(\.[0-9]+)?(E[-+][0-9]+)?")
ANSWERS = tuple(
    kind
    for kind in vars(answers).values()
    if isinstance(kind, type) and issubclass(kind, wire.Message) and kind.__module__ == answers.__name__
)
DECIMALS = st.builds(
    lambda digits, exponent, sign: Decimal(
        (sign, (digits,) if digits < 10 else tuple(map(int, str(digits))), exponent)
    ),
    st.integers(0, 10**30),
    st.integers(-40, 40),
    st.integers(0, 1),
)
"""Numbers of every size, with and without zeros at either end, and zeros of either sign."""
MESSAGES = st.one_of(
    *(messages.of(kind, decimals=DECIMALS, texts=st.just("text")) for kind in (*messages.KINDS, *ANSWERS))
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("1E-8", "0.00000001"),
        ("-5.2e-7", "-0.00000052"),
        ("1E+2", "100"),
        ("100", "100"),
        ("2.50", "2.5"),
        ("7.000", "7"),
        ("0E-8", "0"),
        ("0E+3", "0"),
        ("-0", "0"),
        ("-0.00", "0"),
        (
            "1234567890123456789012345678901234.000000000000000001",
            "1234567890123456789012345678901234.000000000000000001",
        ),
    ],
)
def test_a_decimal_is_plain_digits_without_needless_zeros(value: str, text: str) -> None:
    assert plain_text(Decimal(value)) == text
    assert json.loads(wire.encode([Decimal(value)])) == [text]
    assert json.loads(wire.encode({"price": Decimal(value)})) == {"price": text}


@given(DECIMALS)
def test_the_spelling_is_plain_and_exact(value: Decimal) -> None:
    text = plain_text(value)
    assert PLAIN.fullmatch(text)
    assert Decimal(text) == value


@given(DECIMALS, st.integers(0, 20))
def test_equal_values_have_equal_spellings(value: Decimal, zeros: int) -> None:
    sign, digits, exponent = value.as_tuple()
    assert isinstance(exponent, int)
    other = Decimal((sign, digits + (0,) * zeros, exponent - zeros))
    assert other == value
    assert plain_text(other) == plain_text(value)
    assert wire.encode([other]) == wire.encode([value])


def _decimals(value: Any) -> Iterator[Decimal]:
    if isinstance(value, Decimal):
        yield value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _decimals(getattr(value, name))
    elif isinstance(value, tuple | list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _decimals(part)


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | dict):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


@pytest.mark.slow
@settings(deadline=None, max_examples=300)
@given(
    st.one_of(*(messages.of(kind, decimals=DECIMALS, texts=st.just("text")) for kind in (*messages.KINDS, *ANSWERS)))
)
def test_every_message_has_all_its_decimals_in_plain_digits(message: wire.Message) -> None:
    body = wire.encode(message)
    written = [text for text in _texts(json.loads(body)) if PLAIN.fullmatch(text)]
    assert sorted(written) == sorted(map(plain_text, _decimals(message)))
    assert wire.decode(type(message), body) == message


@settings(deadline=None)
@given(
    st.one_of(*(messages.of(kind, decimals=DECIMALS, texts=st.just("text")) for kind in (*messages.KINDS, *ANSWERS)))
)
def test_plain_decimals_change_nothing_else_of_a_message(message: wire.Message) -> None:
    def plain(part: Any) -> Any:
        if isinstance(part, list | dict):
            return {name: plain(each) for name, each in part.items()} if isinstance(part, dict) else [*map(plain, part)]
        return plain_text(Decimal(part)) if isinstance(part, str) and AS_PYTHON_WRITES.fullmatch(part) else part

    assert json.loads(wire.encode(message)) == plain(json.loads(msgspec.json.encode(message)))


@pytest.mark.parametrize("text", ["1E-8", "0.10", "-0", "1.50", 'a "1E-8" in it', "1E+2"])
def test_a_text_that_looks_like_a_decimal_stays_as_its_author_wrote_it(text: str) -> None:
    body = {"client_order_id": text, "price": Decimal("1E-8"), "numbers": {"limit": text}}
    assert json.loads(wire.encode(body)) == {"client_order_id": text, "price": "0.00000001", "numbers": {"limit": text}}
    assert json.loads(wire.encode([text])) == [text]


@pytest.mark.parametrize("text", ["1E+999999999999999999", "-1e-999999999", "9.99E+1001"])
def test_a_number_whose_digits_would_fill_the_memory_is_never_written_out(text: str) -> None:
    assert len(plain_text(Decimal(text))) < 30
    assert json.loads(wire.encode([Decimal(text), Decimal("1E-8")]))[1] == "0.00000001"


@pytest.mark.parametrize("text", ["1E+999", "1e-999", "0E+9999999999", "-0E-9999999999"])
def test_a_number_of_a_thousand_digits_is_written_out(text: str) -> None:
    written = plain_text(Decimal(text))
    assert PLAIN.fullmatch(written)
    assert Decimal(written) == Decimal(text)


def test_json_that_is_inside_already_stays_as_it_was_sealed() -> None:
    sealed = b'{"price":"1E-8","fee":"0.10"}'
    body = wire.encode({"content": msgspec.Raw(sealed), "price": Decimal("1E-8")})
    assert body == b'{"content":' + sealed + b',"price":"0.00000001"}'


def test_fields_keep_the_order_that_is_asked_for() -> None:
    for price in ("1", "1E-8"):
        body = wire.encode({"b": Decimal(price), "a": {"d": 1, "c": 2}}, order="deterministic")
        assert list(json.loads(body)) == ["a", "b"]
        assert body == wire.encode({"a": {"c": 2, "d": 1}, "b": Decimal(price)}, order="deterministic")


def test_an_event_of_a_stream_has_plain_digits() -> None:
    event = sse.encode("trade", {"price": Decimal("1E-8"), "quantity": Decimal("1E+3")}, "7")
    assert event == b'event: trade\nid: 7\ndata: {"price":"0.00000001","quantity":"1000"}\n\n'


def test_a_failure_names_its_numbers_in_plain_digits() -> None:
    failure = InvalidRequest("quantity", "is too small")
    failure.details["least"] = Decimal("1E-8")
    assert json.loads(wire.encode(failure.to_json()))["error"]["details"]["least"] == "0.00000001"
