"""The document says what each call, message and field is, with an example that could be sent."""

from __future__ import annotations

from typing import Any

import pytest

from executor.openapi import document

DOCUMENT = document("0")
SCHEMAS: dict[str, Any] = DOCUMENT["components"]["schemas"]
CALLS = [(path, method, call) for path, calls in DOCUMENT["paths"].items() for method, call in calls.items()]
BARE = {"LimitsStatus"}
"""Its example would repeat every limit with its default."""


def test_every_message_and_every_field_is_described() -> None:
    silent = [
        f"{name}.{field}"
        for name, schema in SCHEMAS.items()
        for field, told in schema.get("properties", {}).items()
        if not told.get("description")
    ]
    assert silent == []


@pytest.mark.parametrize(("path", "method", "call"), CALLS, ids=[f"{method} {path}" for path, method, _ in CALLS])
def test_every_call_has_examples_of_what_it_takes_and_gives(path: str, method: str, call: dict[str, Any]) -> None:
    contents = [call["requestBody"]["content"]] if "requestBody" in call else []
    contents += [answer["content"] for answer in call["responses"].values() if "content" in answer]
    for content in contents:
        for kind, told in content.items():
            name = told["schema"].get("$ref", "").rpartition("/")[2]
            assert kind == "text/event-stream" or name in BARE or "example" in told, (method, path, name)
