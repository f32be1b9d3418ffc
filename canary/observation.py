"""Observations as plain messages: answers, samples, streaks and containers (pure)."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec

from canary.baseline import RestartBaseline
from canary.conditions import Check
from common import wire

AnswerOutcome = Literal["answered", "timed_out", "failed", "too_large", "not_asked"]


class AnswerPart(wire.Message, frozen=True, kw_only=True):
    """One of the further requests that a probe sent, such as the one for a file of a page.

    name: its name within the probe, such as the file's path.
    status: the HTTP status; None without a whole answer.
    content_type: the Content-Type header; None when there is none.
    size: bytes of the body.
    problem: a sentence about why there is no whole answer; None when there is one.
    body: the body as text, where it is judged; empty for others.
    """

    name: str
    status: int | None
    content_type: str | None
    size: int
    problem: str | None
    body: str = ""


class FallenCounter(wire.Message, frozen=True, kw_only=True):
    """A counter that has a smaller value than in the answer before, although its process is the same one.

    series: its name and labels.
    before: its value in the answer before.
    after: its value in this answer.
    """

    series: str
    before: float
    after: float


class ProbeAnswer(wire.Message, frozen=True, kw_only=True):
    """The answer to one probe.

    target: the name of the target that was asked.
    check: the name of the check that the answer is for.
    kind: the kind of the probe.
    url: the address that was asked.
    asked_at: when the probe was sent, UTC.
    seconds: how long the probe took, whatever came.
    outcome: `answered` when the whole answer came; `not_asked` when the round ended before the probe's turn.
    problem: a sentence about why there is no whole answer; None when there is one.
    status: the HTTP status; None without a whole answer.
    headers: the headers by their names in small letters, cut where they are long.
    size: bytes of the body.
    body: the body as text.
    parts: the further requests of the probe.
    fell: the counters that fell since the answer before.
    """

    target: str
    check: str
    kind: str
    url: str
    asked_at: datetime
    seconds: float
    outcome: AnswerOutcome
    problem: str | None
    status: int | None
    headers: dict[str, str]
    size: int
    body: str
    parts: tuple[AnswerPart, ...] = ()
    fell: tuple[FallenCounter, ...] = ()


class Sample(wire.Message, frozen=True, kw_only=True):
    """The duration of one probe.

    target: the name of what was asked.
    check: the check's name.
    asked_at: when the probe was sent, UTC.
    seconds: how long it took.
    outcome: the outcome of its answer.
    """

    target: str
    check: str
    asked_at: datetime
    seconds: float
    outcome: AnswerOutcome


class Streak(wire.Message, frozen=True, kw_only=True):
    """The results of one probe in a row, before the round that it is kept with.

    target: the name of the target.
    check: the check's name.
    asked_at: when the answer was asked for that was counted last, UTC.
    proved: true when all its conditions were met at least once.
    counts: true while its failure counts.
    failures: how many answers in a row have failed.
    successes: how many answers in a row have met everything.
    """

    target: str
    check: str
    asked_at: datetime
    proved: bool
    counts: bool
    failures: int
    successes: int


class Container(wire.Message, frozen=True, kw_only=True):
    """A container as the engine describes it, without its environment.

    id: its id, 64 hexadecimal digits.
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
    memory_used: bytes of memory that it uses, without the files that the kernel keeps for it; None when not told.
    memory_limit: bytes of memory that it may use; None when not told.
    """

    id: str
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
    memory_used: int | None = None
    memory_limit: int | None = None

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
    targets: the address of each target.
    left_out: the targets of the file of probes that are not probed: a setting names others, or they do not run.
    streaks: the results in a row of each probe, before this round.
    baseline: the moment from which restarts are judged; None when nobody has set one, or its file can't be read.
    """

    checked_at: datetime
    checks: tuple[Check, ...]
    samples: tuple[Sample, ...]
    containers: tuple[Container, ...] | None
    containers_problem: str | None
    own: dict[str, str | None]
    running: tuple[Running, ...] = ()
    targets: dict[str, str] = msgspec.field(default_factory=dict)
    left_out: tuple[str, ...] = ()
    streaks: tuple[Streak, ...] = ()
    baseline: RestartBaseline | None = None


def nothing_seen(at: datetime, own: dict[str, str | None]) -> Observation:
    """Returns the observation of a canary that has not ended a round."""
    return Observation(checked_at=at, checks=(), samples=(), containers=None, containers_problem=None, own=own)
