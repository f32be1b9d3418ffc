"""The client of Alertmanager's API."""

from __future__ import annotations

from typing import TypeVar

from common.client import JsonClient
from common.errors import Unavailable
from web.alerts.sent import AlertmanagerStatus, ListedAlert

T = TypeVar("T")

ASK_SECONDS = 4.0


class Alertmanager:
    """Asks Alertmanager. Raises `Unavailable` when it does not answer, or with what can't be read."""

    def __init__(self, base_url: str) -> None:
        self._client = JsonClient(f"{base_url}/api/v2", ASK_SECONDS)

    def status(self) -> AlertmanagerStatus:
        """Returns its own state."""
        return self._told(self._client.get("/status", AlertmanagerStatus))

    def firing(self) -> tuple[ListedAlert, ...]:
        """Returns every alert that fires, also those whose messages are held back."""
        return self._told(self._client.get("/alerts", tuple[ListedAlert, ...]))

    def _told(self, answer: T | None) -> T:
        if answer is None:
            raise Unavailable(f"{self._client.base_url} is not Alertmanager's API", service=self._client.base_url)
        return answer
