"""The client of Alertmanager's API."""

from __future__ import annotations

from typing import TypeVar

from common import texts, wire
from common.client import JsonClient
from common.codec import read
from common.errors import InvalidRequest, Unavailable
from web.alerts.acts import KeptSilence
from web.alerts.sent import AlertmanagerStatus, ListedAlert, ListedSilence, MadeSilence

T = TypeVar("T")

ASK_SECONDS = 4.0
MOST_TOLD = 200


RECEIVERS = "console%7Cwatchdog"
"""The receivers of Alertmanager's configuration whose alerts the console is told of, as a regular expression."""


class Alertmanager:
    """Asks Alertmanager. Raises `Unavailable` when it does not answer, or with what can't be read."""

    def __init__(self, base_url: str) -> None:
        self._client = JsonClient(f"{base_url}/api/v2", ASK_SECONDS)

    def status(self) -> AlertmanagerStatus:
        """Returns its own state."""
        return self._told(self._client.get("/status", AlertmanagerStatus))

    def firing(self) -> tuple[ListedAlert, ...]:
        """Returns every alert that fires and that the console is told of, also those whose messages are held back."""
        return self._told(self._client.get(f"/alerts?receiver={RECEIVERS}", tuple[ListedAlert, ...]))

    def silences(self) -> tuple[ListedSilence, ...]:
        """Returns every silence, also those that have ended."""
        return self._told(self._client.get("/silences", tuple[ListedSilence, ...]))

    def silence(self, wanted: KeptSilence) -> str:
        """Makes a silence and returns its id."""
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True} for name, value in wanted.labels.items()
        ]
        body = {
            "matchers": matchers,
            "startsAt": wanted.starts_at,
            "endsAt": wanted.ends_at,
            "createdBy": wanted.by,
            "comment": wanted.reason,
        }
        status, answer, _ = self._client.request("POST", "/silences", body=wire.encode(body))
        if status != 200:
            raise self._refused("made no silence", status, answer)
        try:
            return read(MadeSilence, answer).silence_id
        except InvalidRequest as error:
            raise self._refused("answered a new silence with what can't be read", status, answer) from error

    def expire(self, silence_id: str) -> bool:
        """Ends a silence. Returns false for one that Alertmanager does not know; one that has ended is fine."""
        status, answer, _ = self._client.request("DELETE", f"/silence/{silence_id}")
        if status not in (200, 404):
            raise self._refused("did not end the silence", status, answer)
        return status == 200

    def _refused(self, what: str, status: int, answer: bytes) -> Unavailable:
        told = texts.shown(answer.decode("utf-8", "replace").strip(), MOST_TOLD)
        return Unavailable(f"Alertmanager {what}: {status} {told}", service=self._client.base_url, answered=status)

    def _told(self, answer: T | None) -> T:
        if answer is None:
            raise Unavailable(f"{self._client.base_url} is not Alertmanager's API", service=self._client.base_url)
        return answer
