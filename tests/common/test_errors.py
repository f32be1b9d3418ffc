"""Every failure that a caller can see has a status, a stable code, and the one body shape."""

import pytest

from common.errors import InvalidRequest, NotFound, ServiceError, Unauthorized, Unavailable, error_body


@pytest.mark.parametrize(
    ("error", "status", "code", "retryable"),
    [
        (ServiceError("x"), 500, "INTERNAL", False),
        (InvalidRequest("quantity", "must be positive"), 422, "INVALID_REQUEST", False),
        (NotFound("x"), 404, "NOT_FOUND", False),
        (Unauthorized("x"), 401, "UNAUTHORIZED", False),
        (Unavailable("x"), 503, "UNAVAILABLE", True),
    ],
)
def test_a_failure_knows_its_status_code_and_whether_to_try_again(
    error: ServiceError, status: int, code: str, retryable: bool
) -> None:
    body = error.to_json()["error"]
    assert (error.status, body["code"], body["retryable"]) == (status, code, retryable)
    assert set(body) == {"code", "message", "retryable", "details"}


def test_an_invalid_request_names_its_field() -> None:
    error = InvalidRequest("limit_price", "must be a finite number")
    assert error.to_json()["error"]["details"] == {"field": "limit_price"}
    assert str(error) == "limit_price: must be a finite number"


def test_details_are_kept_as_given() -> None:
    assert NotFound("no such order", order_id="7").to_json()["error"]["details"] == {"order_id": "7"}


def test_a_failure_without_a_class_has_the_same_shape() -> None:
    assert error_body("NOT_FOUND", "no such path", path="/x") == {
        "error": {"code": "NOT_FOUND", "message": "no such path", "retryable": False, "details": {"path": "/x"}}
    }
