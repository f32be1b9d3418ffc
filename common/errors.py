"""Failures that a caller can see: one class for each, with its HTTP status, and one body shape for all of them."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

Door = Literal["operator", "alerts"]
"""operator: what changes something. alerts: the webhook that takes alerts."""
DOORS: tuple[Door, ...] = ("operator", "alerts")


class ServiceError(Exception):
    """A failure with a stable code.

    status: the HTTP status of the answer.
    code: a name in capital letters, the same in answers, logs and metrics.
    retryable: true when trying again can help.
    retry_after: seconds after which to try again, for the header Retry-After; None where none is said.
    """

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False
    retry_after: ClassVar[int | None] = None

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def to_json(self) -> dict[str, Any]:
        """Returns the one error body: `{"error": {"code", "message", "retryable", "details"}}`."""
        return error_body(self.code, self.message, retryable=self.retryable, **self.details)


class InvalidRequest(ServiceError):
    """The request can't be understood. `details.field` names the wrong field."""

    status = 422
    code = "INVALID_REQUEST"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", field=field)


class NotFound(ServiceError):
    """The thing asked for does not exist."""

    status = 404
    code = "NOT_FOUND"


class Unauthorized(ServiceError):
    """The operator's token is missing or wrong. The answer does not tell which of the two.

    door: the door that refused.
    """

    status = 401
    code = "UNAUTHORIZED"

    def __init__(self, message: str, door: Door = "operator") -> None:
        super().__init__(message)
        self.door = door


class TooManyStreams(ServiceError):
    """Every stream is taken. Clients take them, so this is no failure of the service."""

    status = 429
    code = "TOO_MANY_STREAMS"
    retryable = True
    retry_after = 5


class ClientGone(ServiceError):
    """The client has closed its connection, so nobody reads the answer."""

    status = 499
    code = "CLIENT_GONE"


class Unavailable(ServiceError):
    """Something that this service needs does not answer. Nothing was done, and trying again can help."""

    status = 503
    code = "UNAVAILABLE"
    retryable = True


def error_body(code: str, message: str, *, retryable: bool = False, **details: Any) -> dict[str, Any]:
    """Returns the body of a failure that has no class here, such as 404 for a path, 405 or 413."""
    return {"error": {"code": code, "message": message, "retryable": retryable, "details": details}}
