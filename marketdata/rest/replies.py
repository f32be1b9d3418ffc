"""What comes of a call to a venue: an answer to use, or a failure with a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar

OUTCOMES = (
    *("ok", "unauthorized", "throttled", "unavailable", "rejected", "failed", "unreachable", "too_large"),
    "no_budget",
)


class RestError(Exception):
    """A call that brought no answer to use. `retryable` tells whether the same call can succeed later."""

    retryable: ClassVar[bool] = False
    outcome: ClassVar[str] = "rejected"

    def __init__(self, endpoint: str, reason: str, *, status: int | None = None) -> None:
        super().__init__(f"{endpoint}: {reason}")
        self.endpoint, self.reason, self.status = endpoint, reason, status


class Rejected(RestError):
    """The venue does not take this call: a redirect, or 4xx other than the two below."""


class Unauthorized(RestError):
    """401 or 403. Never tried again: a venue blocks addresses that go on."""

    outcome = "unauthorized"


class Throttled(RestError):
    """429. The endpoint is silent for `seconds` now, for every thread."""

    retryable = True
    outcome = "throttled"

    def __init__(self, endpoint: str, status: int, seconds: float) -> None:
        super().__init__(endpoint, f"answered {status}, silent for {seconds:.0f} s", status=status)
        self.seconds = seconds


class Unavailable(Throttled):
    """503, which asks for silence in the same way."""

    outcome = "unavailable"


class Failed(RestError):
    """Any other 5xx."""

    retryable = True
    outcome = "failed"


class Unreachable(RestError):
    """No answer, or not the whole of it, in time."""

    retryable = True
    outcome = "unreachable"


class TooLarge(RestError):
    """The body is larger than it may be; it was not read to its end."""

    outcome = "too_large"


class NoBudget(RestError):
    """Not asked: the budget has no call left, or the venue wants silence, for `seconds`, longer than the caller can
    wait."""

    retryable = True
    outcome = "no_budget"

    def __init__(self, endpoint: str, reason: str, seconds: float) -> None:
        super().__init__(endpoint, reason)
        self.seconds = seconds


@dataclass(frozen=True)
class Reply:
    """A 2xx answer; the body is as the venue sent it."""

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
