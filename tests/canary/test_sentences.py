"""The grammar of conditions: which sentences are read, which are refused, and what an outcome is."""

from __future__ import annotations

from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from canary.probes.names import NAMES
from canary.probes.sentences import Missing, Noted, Value, judged, read

HTTP = NAMES["http"]
CONSTANTS = {"P95_LIMIT": "1s", "RESTART_BUDGET": "10"}


@pytest.mark.parametrize(
    ("text", "name", "path", "literal"),
    [
        ("[STATUS] == 200", "STATUS", (), Decimal(200)),
        ("  [STATUS]   >=   200  ", "STATUS", (), Decimal(200)),
        ("[LATENCY] < 100ms", "LATENCY", (), Decimal("0.1")),
        ("[LATENCY] <= P95_LIMIT", "LATENCY", (), Decimal(1)),
        ("[LATENCY] < 2h", "LATENCY", (), Decimal(7200)),
        ("[BYTES] > 4000", "BYTES", (), Decimal(4000)),
        ("[BYTES] > 4kB", "BYTES", (), Decimal(4000)),
        ("[BYTES] > 4KiB", "BYTES", (), Decimal(4096)),
        ('[BODY].a-b.c[3] == "x"', "BODY", ("a-b", "c", 3), "x"),
        ("[BODY] != null", "BODY", (), None),
        ("[BODY].share < 12.5%", "BODY", ("share",), Decimal("0.125")),
        ("[JSON] == true", "JSON", (), True),
        ('[TITLE] contains "a b"', "TITLE", (), "a b"),
    ],
)
def test_a_sentence_is_read_into_name_path_and_literal(
    text: str, name: str, path: tuple[str | int, ...], literal: Value
) -> None:
    found = read(text, HTTP, CONSTANTS)
    assert (found.name, found.path, found.literal) == (name, path, literal)
    assert type(found.literal) is type(literal)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "is no condition"),
        ("STATUS == 200", "is no condition"),
        ("[STATUS] = 200", "is no condition"),
        ("[STATUS] == ", "is no condition"),
        ("[STATUS]==200", "is no condition"),
        ("[STATUS] == 200 and [STATUS] == 201", "compares with"),
        ("[STATUS] == 200 # ok", "compares with"),
        ("[PRICE] == 200", "asks for [PRICE], which this kind of probe has not: STATUS, "),
        ("[STATUS].x == 200", "has a path, but [STATUS] has no parts"),
        ("[STATUS] == 200ms", "right would be a number with one of the units none"),
        ("[LATENCY] < 100", "right would be a number with one of the units ms, s, m, h, d"),
        ("[LATENCY] < 1e3s", "compares with"),
        ("[LATENCY] < __import__", "compares with"),
        ('[STATUS] == "200"', "right would be a number"),
        ("[TITLE] == Spark", "right would be a text in double quotes"),
        ('[TITLE] < "a"', "orders something that is no number"),
        ("[BODY] contains 5", "has no text after contains"),
        ("[STATUS] == " + "9" * 500, "is no condition"),
    ],
)
def test_a_sentence_that_can_not_be_read_says_what_is_wrong_and_what_would_be_right(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=r".+") as refused:
        read(text, HTTP, CONSTANTS)
    assert told in str(refused.value)


@pytest.mark.parametrize(
    ("text", "value", "outcome", "shown"),
    [
        ("[STATUS] == 200", Decimal(200), "met", "200"),
        ("[STATUS] != 200", Decimal(200), "failed", "200"),
        ("[STATUS] == 200", "200", "unknown", "200, which is a text and not a number"),
        ("[BODY].x < 5", "error", "unknown", "error, which is a text and not a number"),
        ("[BODY].x < 5", Decimal("4.999"), "met", "4.999"),
        ("[BODY].x < 5", Decimal(5), "failed", "5"),
        ("[BODY].x <= 5", Decimal(5), "met", "5"),
        ("[BODY].x > 5", Decimal(5), "failed", "5"),
        ("[BODY].x >= 5", Decimal(5), "met", "5"),
        ("[BODY].x == 1", True, "unknown", "true, which is true or false and not a number"),
        ('[BODY].x contains "b"', "abc", "met", "abc"),
        ('[BODY].x contains "b"', Decimal(5), "unknown", "5, which is no text"),
        ("[BODY].x == 5", None, "failed", "null"),
        ("[STATUS] == 200", Missing("not asked"), "unknown", "not asked"),
        ("[LATENCY] < 1s", Noted(Decimal("0.5"), ", n=7"), "met", "0.5 s, n=7"),
        ("[BODY].x < 5", Decimal("1e999999"), "failed", "1E+999999"),
    ],
)
def test_a_text_is_never_a_number_and_what_is_missing_is_unknown(
    text: str, value: Value | Missing | Noted, outcome: str, shown: str
) -> None:
    assert judged(read(text, HTTP, CONSTANTS), value) == (outcome, shown)


@given(st.text(max_size=60))
def test_no_text_makes_the_reader_fail_in_another_way(text: str) -> None:
    with suppress(ValueError):
        found = read(text, HTTP, CONSTANTS)
        assert read(found.text, HTTP, {}).literal == found.literal


@given(st.decimals(allow_nan=False, allow_infinity=False), st.sampled_from(["==", "!=", "<", "<=", ">", ">="]))
def test_a_comparison_holds_exactly_when_it_does_for_the_numbers(number: Decimal, comparison: str) -> None:
    outcome, _ = judged(read(f"[BODY].x {comparison} 12.5", HTTP, {}), number)
    limit = Decimal("12.5")
    holds = {
        "==": number == limit,
        "!=": number != limit,
        "<": number < limit,
        "<=": number <= limit,
        ">": number > limit,
        ">=": number >= limit,
    }[comparison]
    assert outcome == ("met" if holds else "failed")
