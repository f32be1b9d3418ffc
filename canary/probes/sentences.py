"""Conditions as sentences: `[STATUS] == 200` (pure).

A sentence has one name in brackets, perhaps a path after it, one comparison, and one literal. Nothing can be nested,
and nothing is run: a name that is not in the table, a unit that does not fit it, and any other form are refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from canary.conditions import Outcome, printable
from common.decimals import plain_text

Kind = Literal["count", "time", "size", "share", "text", "any"]
"""The kinds of a value: a plain number, seconds, bytes, a share of 1, a text, or a JSON value of any of these."""
Value = Decimal | str | bool | None
"""A value that was found. Times are in seconds, sizes in bytes, shares in parts of 1; None is JSON's null."""

LONGEST = 400
_SENTENCE = re.compile(
    r"\[(?P<name>[A-Z][A-Z0-9_]{0,39})\](?P<path>(?:\.[^\s\[\]]{1,100}|\[[0-9]{1,6}\]){0,12})"
    r" +(?P<comparison>==|!=|<=|>=|<|>|contains) +(?P<literal>\S.*)"
)
_NUMBER = re.compile(r"(?P<number>-?[0-9]{1,18}(?:\.[0-9]{1,9})?)(?P<unit>[A-Za-z%]{0,3})")
_TEXT = re.compile(r'"(?P<text>[^"\\]{0,200})"')
_STEP = re.compile(r"\.([^.\[\]]+)|\[([0-9]+)\]")
_TIMES = {"ms": Decimal("0.001"), "s": Decimal(1), "m": Decimal(60), "h": Decimal(3600), "d": Decimal(86400)}
_SIZES = {
    "B": Decimal(1),
    "kB": Decimal(10**3),
    "MB": Decimal(10**6),
    "GB": Decimal(10**9),
    "KiB": Decimal(2**10),
    "MiB": Decimal(2**20),
    "GiB": Decimal(2**30),
}
_UNITS: dict[Kind, dict[str, Decimal]] = {
    "count": {"": Decimal(1)},
    "time": _TIMES,
    "size": {"": Decimal(1), **_SIZES},
    "share": {"%": Decimal("0.01")},
    "text": {},
    "any": {"": Decimal(1), **_TIMES, **_SIZES, "%": Decimal("0.01")},
}
_WORDS: dict[str, bool | None] = {"true": True, "false": False, "null": None}
_ORDERS = frozenset({"<", "<=", ">", ">="})


@dataclass(frozen=True)
class Missing:
    """A value that could not be found, and a phrase about why.

    reason: such as `the body is no JSON`.
    """

    reason: str


@dataclass(frozen=True)
class Noted:
    """A value that was found, with a phrase about it.

    value: the value.
    note: the phrase that follows the value, such as `, n=40`.
    """

    value: Value
    note: str


@dataclass(frozen=True)
class Sentence:
    """One condition.

    name: the name in brackets, such as `STATUS`.
    kind: the kind of its value.
    path: the steps after it, keys and places in lists; empty when there are none.
    comparison: such as `==`.
    literal: the value to compare with, in the unit that values have.
    text: the sentence as it was written, with single blanks and each constant's own value.
    """

    name: str
    kind: Kind
    path: tuple[str | int, ...]
    comparison: str
    literal: Value
    text: str

    @property
    def left(self) -> str:
        """The part before the comparison, such as `[BODY].status`."""
        return self.text.partition(" ")[0]

    @property
    def rule(self) -> str:
        """The comparison and the literal, such as `== "alive"`."""
        return self.text.partition(" ")[2]


def read(text: str, names: Mapping[str, Kind], constants: Mapping[str, str]) -> Sentence:
    """Returns the sentence. Raises ValueError with a phrase about what is wrong and what would be right.

    `names` has the kind of each name that may stand in brackets. `constants` has the literal that a word in capitals
    stands for, such as `P95_LIMIT`.
    """
    found = _SENTENCE.fullmatch(text.strip()) if len(text) <= LONGEST else None
    if found is None:
        raise ValueError(
            f"{text!r:.160} is no condition; one has the form [NAME] == 200, with one of == != < <= > >= contains"
        )
    name, written = found["name"], found["literal"].strip()
    if name not in names:
        raise ValueError(f"{text!r:.160} asks for [{name}], which this kind of probe has not: {', '.join(names)}")
    written = constants.get(written, written)
    path = tuple(int(place) if place else key for key, place in _STEP.findall(found["path"]))
    if path and names[name] != "any":
        raise ValueError(f"{text!r:.160} has a path, but [{name}] has no parts")
    literal = _literal(written, names[name], text)
    _fit(found["comparison"], literal, text)
    shown = f"[{name}]{found['path']} {found['comparison']} {written}"
    return Sentence(name, names[name], path, found["comparison"], literal, shown)


def judged(sentence: Sentence, found: Value | Noted | Missing) -> tuple[Outcome, str]:
    """Returns the outcome and the value as it is shown.

    The outcome is `unknown` when the value is missing, or of another kind than the literal: a text is never a number.
    """
    if isinstance(found, Missing):
        return "unknown", printable(found.reason)
    value, note = (found.value, found.note) if isinstance(found, Noted) else (found, "")
    shown = printable(shown_value(value, sentence.kind) + note)
    literal, comparison = sentence.literal, sentence.comparison
    if comparison == "contains":
        if not isinstance(value, str) or not isinstance(literal, str):
            return "unknown", f"{shown}, which is no text"
        return _outcome(literal in value), shown
    if literal is None or value is None:
        return _outcome((value is literal) == (comparison == "==")), shown
    if type(value) is not type(literal):
        return "unknown", f"{shown}, which is {_named(value)} and not {_named(literal)}"
    return _outcome(_compared(value, comparison, literal)), shown


def shown_value(value: Value, kind: Kind) -> str:
    """Returns a value as text, with the unit of its kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, Decimal):
        return "null" if value is None else value
    digits = plain_text(value * 100 if kind == "share" else value)
    return digits + {"time": " s", "size": " B", "share": " %"}.get(kind, "")


def _compared(value: Decimal | str | bool, comparison: str, literal: Decimal | str | bool) -> bool:
    if comparison in ("==", "!="):
        return (value == literal) == (comparison == "==")
    if not isinstance(value, Decimal) or not isinstance(literal, Decimal):
        raise TypeError("only numbers have an order")
    below, equal = value < literal, value == literal
    return {"<": below, "<=": below or equal, ">": not (below or equal), ">=": not below}[comparison]


def _literal(written: str, kind: Kind, text: str) -> Value:
    quoted = _TEXT.fullmatch(written)
    if quoted and kind in ("text", "any"):
        return quoted["text"]
    if written in _WORDS and kind == "any":
        return _WORDS[written]
    number, units = _NUMBER.fullmatch(written), _UNITS[kind]
    if number and number["unit"] in units:
        return Decimal(number["number"]) * units[number["unit"]]
    told = {
        "text": 'a text in double quotes, such as "alive"',
        "any": "a number, a text in double quotes, true or false",
    }
    right = told.get(kind) or f"a number with one of the units {', '.join(unit or 'none' for unit in units)}"
    raise ValueError(f"{text!r:.160} compares with {written!r:.60}; right would be {right}")


def _fit(comparison: str, literal: Value, text: str) -> None:
    if comparison in _ORDERS and not isinstance(literal, Decimal):
        raise ValueError(f"{text!r:.160} orders something that is no number; right would be == or !=")
    if comparison == "contains" and not isinstance(literal, str):
        raise ValueError(f"{text!r:.160} has no text after contains; right would be one in double quotes")


def _outcome(holds: bool) -> Outcome:
    return "met" if holds else "failed"


def _named(value: Decimal | str | bool) -> str:
    if isinstance(value, bool):
        return "true or false"
    return "a number" if isinstance(value, Decimal) else "a text"
