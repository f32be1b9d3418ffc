"""The alert desk: it takes Alertmanager's messages, and compares the inbox with its list again and again.

A message can come late, twice or never. The list is what Alertmanager knows now, so the list decides.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Unavailable
from web.alerts.alert import alert_of
from web.alerts.alertmanager import Alertmanager
from web.alerts.inbox import AlertInbox
from web.alerts.judge import Hearing, Missing
from web.alerts.sent import WebhookCall

COMPARE_SECONDS = 10.0


@dataclass(frozen=True)
class Comparison:
    """The last comparison with Alertmanager's list.

    firing: how many alerts it has, without the one that always fires.
    missing: what it means that an alert is missing in it.
    """

    firing: int
    missing: Missing


class AlertDesk:
    """Keeps the inbox true. `compare` is called by one thread, `receive` by any.

    inbox: the alerts on disk.
    """

    def __init__(self, inbox: AlertInbox, alertmanager: Alertmanager, clock: Clock) -> None:
        self.inbox = inbox
        self._alertmanager = alertmanager
        self._clock = clock
        self._hearing = Hearing()
        self._missing: Missing = "undecided"
        self._on_message: Callable[[], object] | None = None

    def on_message(self, call: Callable[[], object]) -> None:
        """Has `call` called after each message, so that the list is asked for soon."""
        self._on_message = call

    def receive(self, call: WebhookCall) -> tuple[list[str], list[str]]:
        """Takes a message. Returns the status of each alert in it, and of each that was dropped from a full inbox.

        Raises `Unavailable` when the inbox can't be written.
        """
        now = self._clock.now()
        sent = [alert_of(each, now) for each in call.alerts if not each.is_heartbeat]
        proven = any(each.is_heartbeat and each.status == "firing" for each in call.alerts)
        dropped = self.inbox.take(sent, self._missing, heartbeat_at=now if proven else None)
        if sent and self._on_message is not None:
            self._on_message()
        return [each.status for each in sent], dropped

    def compare(self, dropped: Callable[[Sequence[str]], None]) -> Comparison:
        """Asks for the list and makes the inbox equal to it; tells `dropped` what a full inbox dropped.

        Raises `Unavailable` when Alertmanager does not answer, or when the inbox can't be written.
        """
        asked_at = self._clock.now()
        try:
            status, listed = self._alertmanager.status(), self._alertmanager.firing()
        except Unavailable:
            self.inbox.looked(asked_at)
            raise
        self._missing = self._hearing.missing(status, listed, asked_at)
        alerts = [alert_of(each, asked_at) for each in listed if not each.is_heartbeat]
        dropped(self.inbox.reconcile(alerts, self._missing, asked_at))
        return Comparison(len(alerts), self._missing)
