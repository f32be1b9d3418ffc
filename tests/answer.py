"""An HTTP answer as the tests on running containers see it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Answer:
    """Status, headers and body of an HTTP answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def code(self) -> str:
        """The code of a refusal, whose body must have the one shape of errors."""
        error = self.json["error"]
        assert set(error) == {"code", "message", "retryable", "details"}
        return str(error["code"])
