"""The checks that every generated call of an OpenAPI document has to pass, for all services."""

from __future__ import annotations

from typing import Any

from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)

CHECKS = [
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def checks_of(case: Any, *more: Any) -> list[Any]:
    """Returns the checks of a call, and `more`.

    A query whose wrong value is no value at all is not sent, so nothing refuses it.
    """
    sent = all(value is not None and value != [] for value in dict(case.query or {}).values())
    return [*CHECKS, *more, negative_data_rejection] if sent else [*CHECKS, *more]
