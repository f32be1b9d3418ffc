"""Takes the expression of an alert apart: the values that it compares, and the limits that it compares them with.

It knows the ranks of PromQL's operators (Prometheus' documentation, "Binary operator precedence"): `or` binds least,
then `and` and `unless`, then comparisons. Everything inside parentheses, brackets, braces and quotes belongs together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import isfinite, prod

_TOKEN = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'|`[^`]*`|[A-Za-z_][\w:]*|[<>=!]=|=~|!~|.', re.DOTALL)
WORDS = {"==": "", "!=": "other than", "<=": "at most", ">=": "at least", "<": "below", ">": "above"}
_OPENING, _CLOSING = frozenset("([{"), frozenset(")]}")
_NUMBER = re.compile(r"-?[\d.]+(e[-+]?\d+)?", re.IGNORECASE)


@dataclass(frozen=True)
class AlertCondition:
    """One of the conditions that bring an alert; each alone does.

    text: the whole condition.
    value: the expression on the left of its comparison; empty where it compares no value.
    sign: the comparison, as `>`; empty where there is none.
    limit: the expression on the right; empty where there is none.
    number: the limit as a number; None where the limit varies, or where there is none.
    further: the conditions behind `and` or `unless` that must hold too, with that word; may be empty.
    """

    text: str
    value: str = ""
    sign: str = ""
    limit: str = ""
    number: float | None = None
    further: str = ""

    @property
    def in_words(self) -> str:
        """The comparison in words, such as above; empty where there is none."""
        return WORDS.get(self.sign, "")

    @property
    def is_from_below(self) -> bool:
        """True when the alert fires at low values."""
        return self.sign in ("<", "<=") or (self.sign == "==" and self.number == 0)


def conditions(expression: str) -> tuple[AlertCondition, ...]:
    """Returns the conditions of an expression, in its order. Never raises: what can't be read compares nothing."""
    text = " ".join(expression.split())
    return tuple(_condition(part) for part in _parts(text, {"or"}))


def _condition(text: str) -> AlertCondition:
    first = next(_parts(text, {"and", "unless"}))
    compared = _unwrapped(first)
    further = text[len(first) :].strip()
    if len(list(_parts(compared, {"or"}))) > 1:
        return AlertCondition(text)
    if compared != first:
        inner = _condition(compared)
        return replace(inner, text=text, further=f"{inner.further} {further}".strip())
    found = [(token, start) for token, start in _outside(compared) if token in WORDS]
    if not found:
        return AlertCondition(text)
    sign, at = found[-1]
    value, limit = compared[:at].strip(), compared[at + len(sign) :].strip()
    if limit.startswith("bool ") or _number(value) is not None:
        return AlertCondition(text)
    return AlertCondition(text, value, sign, limit, _number(limit), further)


def _unwrapped(text: str) -> str:
    """Returns the text without the parentheses around the whole of it."""
    while text.endswith(")") and [token for token, _ in _outside(text)] == ["("]:
        text = text[1:-1].strip()
    return text


def _parts(text: str, words: set[str]) -> Iterator[str]:
    begin = 0
    for token, start in _outside(text):
        if token in words:
            yield text[begin:start].strip()
            begin = start + len(token)
    yield text[begin:].strip()


def _outside(text: str) -> Iterator[tuple[str, int]]:
    """Yields every token that stands in no parentheses, with its place. An opening one counts as outside."""
    depth = 0
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token in _CLOSING:
            depth -= 1
        elif depth == 0:
            yield token, found.start()
        if token in _OPENING:
            depth += 1


def _number(text: str) -> float | None:
    """Returns a number, or a product of numbers; None for every other expression."""
    factors = [factor.strip() for factor in _unwrapped(text).split("*")]
    if not all(_NUMBER.fullmatch(factor) for factor in factors):
        return None
    try:
        number = prod(float(factor) for factor in factors)
    except ValueError:
        return None
    return number if isfinite(number) else None
