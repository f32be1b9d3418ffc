"""Conditions with the values that they met, and the checks that they belong to (pure)."""

from __future__ import annotations

from typing import Literal

from common import wire

Outcome = Literal["met", "failed", "unknown"]

_LONGEST_VALUE = 160


class Condition(wire.Message, frozen=True, kw_only=True):
    """A rule with the value that it met.

    about: the thing that it is about, such as `web healthz`.
    condition: the rule, such as `[STATUS] == 200`.
    value: the value that was found, such as `500`.
    outcome: `unknown` when there is no value to judge.
    critical: false when it can't make a FAIL: it is about the canary, or its probe is declared so.
    tolerated: true when it is not met and does not count yet, or never does because its probe is a dry run.
    text: rule and value together: `[STATUS] (500) == 200`.
    """

    about: str
    condition: str
    value: str
    outcome: Outcome
    critical: bool
    tolerated: bool = False
    text: str


class Check(wire.Message, frozen=True, kw_only=True):
    """A probe's result with its conditions.

    target: the name of the target, or of a container's compose service.
    check: the check's name.
    kind: the kind of the probe.
    url: the address that was asked; empty when nothing was asked over HTTP.
    critical: false when its failure makes the verdict INCONCLUSIVE, not FAIL.
    ok: true when all conditions are met, but for unknown ones of an optional probe.
    status: the HTTP status; None without a whole answer.
    seconds: how long the answer took; None without a whole answer.
    size: bytes of the body.
    conditions: every condition of the check.
    cannot: a sentence about what a user can't do while it fails; empty when there is none.
    look: a sentence about what to look at first; empty when there is none.
    runbook: the name of its heading in the runbook; empty when there is none.
    """

    target: str
    check: str
    kind: str
    url: str
    critical: bool
    ok: bool
    status: int | None
    seconds: float | None
    size: int
    conditions: tuple[Condition, ...]
    cannot: str = ""
    look: str = ""
    runbook: str = ""

    @property
    def reason(self) -> str | None:
        """The first condition that is not met; None when all are."""
        return next((one.text for one in self.conditions if one.outcome != "met"), None)


def condition(
    about: str,
    left: str,
    value: object,
    rule: str,
    outcome: Outcome | bool,
    *,
    critical: bool = True,
    tolerated: bool = False,
) -> Condition:
    """Returns a condition. `left` names the value, `rule` says what it must be.

    A true outcome stands for `met`, a false one for `failed`.
    """
    shown = printable(str(value))
    settled: Outcome = ("met" if outcome else "failed") if isinstance(outcome, bool) else outcome
    return Condition(
        about=about,
        condition=f"{left} {rule}",
        value=shown,
        outcome=settled,
        critical=critical,
        tolerated=tolerated and settled != "met",
        text=f"{left} ({shown}) {rule}",
    )


def printable(text: str) -> str:
    """Returns `text` on one line, without control characters and at most 160 letters long: safe in a log and in XML."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _LONGEST_VALUE else clean[: _LONGEST_VALUE - 1] + "…"
