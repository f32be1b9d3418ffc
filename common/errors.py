"""Failures that a caller can see: one class each, knowing its HTTP status, and one body shape for all of them."""

from __future__ import annotations

from typing import Any, ClassVar


class ServiceError(Exception):
    """A failure with a stable code. Subclasses set `status`, `code` and whether trying again can help."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "INTERNAL"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, **details: Any) -> None:
        super().__init__(message)
        self.message = message
        self.details = details

    def to_json(self) -> dict[str, Any]:
        """The one error body: `{"error": {"code", "message", "retryable", "details"}}`."""
        return error_body(self.code, self.message, retryable=self.retryable, **self.details)


class InvalidRequest(ServiceError):
    """The request can't be understood. `details.field` names what is wrong."""

    status = 422
    code = "INVALID_REQUEST"

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}", field=field)


class NotFound(ServiceError):
    """The thing asked for does not exist."""

    status = 404
    code = "NOT_FOUND"


class Unauthorized(ServiceError):
    """The operator's token is missing or wrong; which of the two is not told."""

    status = 401
    code = "UNAUTHORIZED"


class Unavailable(ServiceError):
    """A part this service needs does not answer; nothing was done, and trying again can help."""

    status = 503
    code = "UNAVAILABLE"
    retryable = True


def error_body(code: str, message: str, *, retryable: bool = False, **details: Any) -> dict[str, Any]:
    """The JSON body of every failure, for the ones that have no class of ours (404 of a path, 405, 413 …)."""
    return {"error": {"code": code, "message": message, "retryable": retryable, "details": details}}
