"""Observations as plain messages: answers, conditions with the values they met, samples and containers."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from common import wire

CheckName = Literal["healthz", "healthy", "readyz", "metrics", "page", "quotes"]
AnswerOutcome = Literal["answered", "timed_out", "failed", "too_large", "not_asked"]
Outcome = Literal["met", "failed", "unknown"]

_LONGEST_VALUE = 160


class ProbeAnswer(wire.Message, frozen=True, kw_only=True):
    """The answer to one probe.

    target: the name of what was asked.
    check: the check that the answer is for.
    url: the address that was asked.
    critical: false for the canary and its window on the engine.
    asked_at: when the probe was sent, UTC.
    seconds: how long the probe took, whatever came.
    outcome: `answered` when the whole answer came; `not_asked` when the round ended before the probe's turn.
    problem: a sentence about why there is no whole answer; None when there is one.
    status: the HTTP status; None without a whole answer.
    content_type: the Content-Type header; None when there is none.
    size: bytes of the body.
    body: the body as text.
    """

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
    """A rule with the value that it met.

    about: the thing that it is about, such as `web healthz`.
    condition: the rule, such as `[STATUS] == 200`.
    value: the value that was found, such as `500`.
    outcome: `unknown` when there is no value to judge.
    critical: false when it is about the canary or its window on the engine; then it can't make a FAIL.
    text: rule and value together: `[STATUS] (500) == 200`.
    """

    about: str
    condition: str
    value: str
    outcome: Outcome
    critical: bool
    text: str


class Check(wire.Message, frozen=True, kw_only=True):
    """A probe's result with its conditions.

    target: the name of what was asked.
    check: the check's name.
    url: the address that was asked.
    critical: false for the canary and its window on the engine.
    ok: true when all conditions are met.
    status: the HTTP status; None without a whole answer.
    seconds: how long the answer took; None without a whole answer.
    size: bytes of the body.
    conditions: every condition of the check.
    """

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
        """The first condition that is not met; None when all are."""
        return next((one.text for one in self.conditions if one.outcome != "met"), None)


class Sample(wire.Message, frozen=True, kw_only=True):
    """The duration of one probe.

    target: the name of what was asked.
    check: the check's name.
    asked_at: when the probe was sent, UTC.
    seconds: how long it took.
    outcome: the outcome of its answer.
    """

    target: str
    check: CheckName
    asked_at: datetime
    seconds: float
    outcome: AnswerOutcome


class Container(wire.Message, frozen=True, kw_only=True):
    """A container as the engine describes it, without its environment.

    service: its compose service.
    name: its own name.
    state: `running`, `exited` or another word of the engine.
    health: the word of its health check; None when it has no health check.
    restart_count: restarts by the engine.
    exit_code: the code of its last end; 0 while it runs.
    image: the name of its image.
    image_id: the digest of its image.
    started_at: when it was last started, as the engine writes it.
    one_shot: true when the engine does not restart it: it may end with 0.
    digests: the digests under which registries know its image; empty for an image that was built here.
    base: the image that its image was built on; None when it does not say so.
    revision: the commit that its image says it was built from; None when it does not say so.
    standin: true when its image, or the one under it, stands in for one that could not be pulled.
    """

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
    digests: tuple[str, ...] = ()
    base: str | None = None
    revision: str | None = None
    standin: bool = False

    @property
    def up(self) -> bool:
        """True when it runs, or is a one-shot that ended with 0."""
        return self.state == "running" or (self.one_shot and self.state == "exited" and self.exit_code == 0)


class Running(wire.Message, frozen=True, kw_only=True):
    """The version of one part that runs, and its image.

    service: its compose service.
    version: the version that it gives itself; None when it was not asked or did not say.
    revision: the commit that one of our own services was built from; None for others.
    source: the digest of the files of one of our own services; None for others.
    image: the name of its image; empty when the engine can't be asked.
    image_id: the digest of its image; empty when the engine can't be asked.
    digests: the digests under which registries know its image; empty for an image that was built here.
    base: the image that its image was built on; None when it does not say so.
    standin: true when its image, or the one under it, stands in for one that could not be pulled.
    notes: a sentence for each thing that is not as the names say.
    """

    service: str
    version: str | None = None
    revision: str | None = None
    source: str | None = None
    image: str = ""
    image_id: str = ""
    digests: tuple[str, ...] = ()
    base: str | None = None
    standin: bool = False
    notes: tuple[str, ...] = ()


class Observation(wire.Message, frozen=True, kw_only=True):
    """Everything that one round found out.

    checked_at: when the round ended, UTC.
    checks: one for each probe.
    samples: the durations that the percentile is computed from.
    containers: the project's containers; None when the engine can't be asked.
    containers_problem: a sentence about why there are no containers; None when there are.
    own: the canary's own parts, each with None or its trouble.
    running: the version of each part.
    """

    checked_at: datetime
    checks: tuple[Check, ...]
    samples: tuple[Sample, ...]
    containers: tuple[Container, ...] | None
    containers_problem: str | None
    own: dict[str, str | None]
    running: tuple[Running, ...] = ()


def nothing_seen(at: datetime, own: dict[str, str | None]) -> Observation:
    """Returns the observation of a canary that has not ended a round."""
    return Observation(checked_at=at, checks=(), samples=(), containers=None, containers_problem=None, own=own)


def condition(
    about: str, left: str, value: object, rule: str, outcome: Outcome | bool, *, critical: bool = True
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
        text=f"{left} ({shown}) {rule}",
    )


def printable(text: str) -> str:
    """Returns `text` on one line, without control characters and at most 160 letters long: safe in a log and in XML."""
    clean = "".join(letter if letter.isprintable() else "?" for letter in text)
    return clean if len(clean) <= _LONGEST_VALUE else clean[: _LONGEST_VALUE - 1] + "…"
