"""The client of Prometheus' API: the rule of an alert, and the values of an expression over a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar
from urllib.parse import urlencode

from common.client import JsonClient
from common.codec import read
from common.errors import InvalidRequest, Unavailable
from web.prometheus_answers import AlertRule, RangeAnswer, RulesAnswer, ValueSeries

T = TypeVar("T")

ASK_SECONDS = 2.0
MOST_SERIES = 300
"""Prometheus leaves out series beyond so many."""


class Prometheus:
    """Asks Prometheus. Raises `Unavailable` when it does not answer, or with what can't be read."""

    def __init__(self, base_url: str) -> None:
        self._client = JsonClient(f"{base_url}/api/v1", ASK_SECONDS)

    def rule(self, alert: str) -> AlertRule | None:
        """Returns the rule of an alert; None when Prometheus has none of this name."""
        answer = self._get("/rules", {"type": "alert", "rule_name[]": alert}, RulesAnswer)
        return next((rule for group in answer.data.groups for rule in group.rules if rule.name == alert), None)

    def values(self, query: str, begin: float, end: float, step: int) -> tuple[ValueSeries, ...]:
        """Returns the series of an expression between two times, in seconds since 1970, every `step` seconds."""
        asked = {"query": query, "start": begin, "end": end, "step": step, "timeout": "2s", "limit": MOST_SERIES}
        return self._get("/query_range", asked, RangeAnswer).data.result

    def _get(self, path: str, asked: Mapping[str, object], kind: type[T]) -> T:
        status, body, _ = self._client.request("GET", f"{path}?{urlencode(asked)}")
        if status != 200:
            raise Unavailable(f"Prometheus answered {status}", service=self._client.base_url, answered=status)
        try:
            return read(kind, body)
        except InvalidRequest as error:
            told = f"Prometheus answered what can't be read: {error.message}"
            raise Unavailable(told, service=self._client.base_url) from error
