"""The results of a call to a venue: an answer, or a failure with a name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import InvalidOperation
from typing import Any, ClassVar

import msgspec

from marketdata import lenient

OUTCOMES = (
    *("ok", "unauthorized", "throttled", "unavailable", "rejected", "failed", "unreachable", "too_large"),
    "no_budget",
)


class RestError(Exception):
    """A call that brought no usable answer. `retryable` is true when the same call can succeed later."""

    retryable: ClassVar[bool] = False
    outcome: ClassVar[str] = "rejected"

    def __init__(self, endpoint: str, reason: str, *, status: int | None = None) -> None:
        super().__init__(f"{endpoint}: {reason}")
        self.endpoint, self.reason, self.status = endpoint, reason, status


class Rejected(RestError):
    """The venue refuses this call: a redirect, or a 4xx that is none of those below."""


class RestUnauthorized(RestError):
    """The venue refuses a person's credentials. It is never tried again: a venue blocks addresses that go on."""

    outcome = "unauthorized"


class Barred(RestError):
    """The caller is refused, by the venue or by a proxy or firewall on the way, whatever the call and its credentials
    are. No thread calls the endpoint for `seconds` now, which grow with each refusal in a row."""

    retryable = True

    def __init__(self, endpoint: str, reason: str, status: int, seconds: float) -> None:
        super().__init__(endpoint, f"{reason}, silent for {seconds:.0f} s", status=status)
        self.seconds = seconds


class Throttled(RestError):
    """429. No thread calls the endpoint for `seconds` now."""

    retryable = True
    outcome = "throttled"

    def __init__(self, endpoint: str, status: int, seconds: float) -> None:
        super().__init__(endpoint, f"answered {status}, silent for {seconds:.0f} s", status=status)
        self.seconds = seconds


class RestUnavailable(Throttled):
    """503. It asks for silence in the same way."""

    outcome = "unavailable"


class Failed(RestError):
    """Any other 5xx."""

    retryable = True
    outcome = "failed"


class Unreachable(RestError):
    """No whole answer came in time."""

    retryable = True
    outcome = "unreachable"


class RestTooLarge(RestError):
    """The body is larger than allowed; it was not read to its end."""

    outcome = "too_large"


class NoBudget(RestError):
    """The venue was not asked: the budget has no call left, or the venue wants silence, for `seconds`. The caller can't
    wait so long."""

    retryable = True
    outcome = "no_budget"

    def __init__(self, endpoint: str, reason: str, seconds: float) -> None:
        super().__init__(endpoint, reason)
        self.seconds = seconds


class UnusableAnswer(Exception):
    """A 2xx answer can't be used. The message says why."""


def decoded(kind: Any, body: bytes, name: str, names: Mapping[str, str] = lenient.NO_NAMES) -> Any:
    """Returns the body as `kind`, which msgspec reads. Numbers may be written in any form, and `names` in any case.

    Raises `UnusableAnswer` that begins with `name`.
    """
    try:
        return lenient.converted(lenient.loads(body, names=names), kind)
    except (msgspec.MsgspecError, InvalidOperation, ValueError, RecursionError) as error:
        raise UnusableAnswer(f"{name} can't be read: {str(error)[:200]}") from error


@dataclass(frozen=True)
class Reply:
    """A 2xx answer.

    status: the HTTP status.
    body: the bytes as the venue sent them.
    headers: the answer's headers.
    """

    status: int
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
