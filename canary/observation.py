"""What was seen, as plain messages: answers, conditions with the values they met, samples and containers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from common import wire

CheckName = Literal["healthz", "healthy", "readyz", "metrics", "page", "quotes"]
AnswerOutcome = Literal["answered", "timed_out", "failed", "too_large", "not_asked"]
Outcome = Literal["met", "failed", "unknown"]

_LONGEST_VALUE = 160


class Answer(wire.Message, frozen=True, kw_only=True):
    """One answer as it came, `seconds` after it was asked; `size` in bytes. `problem` says why there is none."""

    target: str
    check: CheckName
    url: str
    critical: bool
    asked_at: datetime
    seconds: float
    outcome: AnswerOutcome
    problem: str | None
    status: int | None
    content_type: str | None
    size: int
    body: str


class Condition(wire.Message, frozen=True, kw_only=True):
    """What must hold (`[STATUS] == 200`), the value it met (`500`), and both as one text: `[STATUS] (500) == 200`.

    `unknown` is a condition whose value is missing. A failed one that is not critical is about the canary itself.
    """

    about: str
    condition: str
    value: str
    outcome: Outcome
    critical: bool
    text: str


class Check(wire.Message, frozen=True, kw_only=True):
    """One check of one target. `seconds` and `status` are those of the answer, None where there was none."""

    target: str
    check: CheckName
    url: str
    critical: bool
    ok: bool
    status: int | None
    seconds: float | None
    size: int
    conditions: tuple[Condition, ...]

    @property
    def reason(self) -> str | None:
        """The first condition that does not hold, or None."""
        return next((one.text for one in self.conditions if one.outcome != "met"), None)


class Sample(wire.Message, frozen=True, kw_only=True):
    """How long one request of the canary took, in seconds."""

    target: str
    check: CheckName
    asked_at: datetime
    seconds: float
    outcome: AnswerOutcome


class Container(wire.Message, frozen=True, kw_only=True):
    """A container as the engine tells it, without its environment. A one-shot is not restarted and may end with 0."""

    service: str
    name: str
    state: str
    health: str | None
    restart_count: int
    exit_code: int
    image: str
    image_id: str
    started_at: str
    one_shot: bool

    @property
    def up(self) -> bool:
        """Whether it does what it is there for."""
        return self.state == "running" or (self.one_shot and self.state == "exited" and self.exit_code == 0)


class Observation(wire.Message, frozen=True, kw_only=True):
    """All that one round knows. `own` has the canary's own parts, each with None or the reason why it is not well."""

    checked_at: datetime
    checks: tuple[Check, ...]
    samples: tuple[Sample, ...]
    containers: tuple[Container, ...] | None
    containers_problem: str | None
    own: dict[str, str | None]


def condition(
    about: str, left: str, value: object, rule: str, outcome: Outcome | bool, *, critical: bool = True
) -> Condition:
    """`left` is the thing looked at, `rule` what it must be; a boolean outcome means met or failed."""
    shown = printable(str(value))
    settled: Outcome = ("met" if outcome else "failed") if isinstance(outcome, bool) else outcome
    return Condition(
        about=about,
        condition=f"{left} {rule}",
        value=shown,
        outcome=settled,
        critical=critical,
        text=f"{left} ({shown}) {rule}",
    )


def printable(text: str) -> str:
    """`text` on one line without control characters, and not longer than a line: safe in a log and in XML."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _LONGEST_VALUE else clean[: _LONGEST_VALUE - 1] + "…"
