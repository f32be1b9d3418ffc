"""The alert desk: it takes Alertmanager's messages, and compares the inbox with its list again and again.

A message can come late, twice or never. The list is what Alertmanager knows now, so the list decides.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from common.clock import Clock
from common.errors import Unavailable
from common.sparing import Sparing
from web.alerts.acting import AlertActs
from web.alerts.alert import alert_of
from web.alerts.alertmanager import Alertmanager
from web.alerts.inbox import AlertInbox
from web.alerts.judge import Hearing, Missing
from web.alerts.sent import WebhookCall
from web.cells import Reading

log = logging.getLogger(__name__)

COMPARE_SECONDS = 10.0


@dataclass(frozen=True)
class Comparison:
    """The last comparison with Alertmanager's list.

    firing: how many alerts it has, without the one that always fires.
    missing: what it means that an alert is missing in it.
    """

    firing: int
    missing: Missing


def unheard(comparison: Reading[Comparison]) -> bool:
    """Returns true when the last comparison found that Prometheus tells Alertmanager nothing."""
    return comparison.reason is None and comparison.value is not None and comparison.value.missing == "unknown"


class AlertDesk:
    """Keeps the inbox true. `compare` is called by one thread, `receive` by any.

    inbox: the alerts on disk.
    acts: what people may do with an alert.
    """

    def __init__(self, inbox: AlertInbox, alertmanager: Alertmanager, clock: Clock) -> None:
        self.inbox = inbox
        self.acts = AlertActs(inbox, alertmanager, clock)
        self._alertmanager = alertmanager
        self._clock = clock
        self._hearing = Hearing()
        self._sparing = Sparing(1, COMPARE_SECONDS * 6)
        self._missing: Missing = "undecided"
        self._on_news: Callable[[], object] | None = None

    def on_news(self, call: Callable[[], object]) -> None:
        """Has `call` called after each message or act, so that the list is asked for soon."""
        self._on_news = call

    def look_soon(self) -> None:
        """Has the list asked for soon."""
        if self._on_news is not None:
            self._on_news()

    def receive(self, call: WebhookCall) -> tuple[list[str], list[str]]:
        """Takes a message. Returns the status of each alert in it, and of each that was dropped from a full inbox.

        Raises `Unavailable` when the inbox can't be written.
        """
        now = self._clock.now()
        sent = [alert_of(each, now) for each in call.alerts if not each.is_heartbeat]
        proven = any(each.is_heartbeat and each.status == "firing" for each in call.alerts)
        dropped = self.inbox.take(sent, self._missing, heartbeat_at=now if proven else None)
        if sent:
            self.look_soon()
        return [each.status for each in sent], dropped

    def compare(self, dropped: Callable[[Sequence[str]], None]) -> Comparison:
        """Asks for the list and makes the inbox equal to it; tells `dropped` what a full inbox dropped.

        Silences that Alertmanager has lost are made again before, so that the list has them.

        Raises `Unavailable` when Alertmanager does not answer, or when the inbox can't be written.
        """
        asked_at = self._clock.now()
        try:
            status = self._alertmanager.status()
            self._hold_silences()
            listed = self._alertmanager.firing()
        except Unavailable:
            self.inbox.looked(asked_at)
            raise
        self._missing = self._hearing.missing(status, listed, asked_at)
        alerts = [alert_of(each, asked_at) for each in listed if not each.is_heartbeat]
        dropped(self.inbox.reconcile(alerts, self._missing, asked_at))
        return Comparison(len(alerts), self._missing)

    def _hold_silences(self) -> None:
        """Has lost silences made again. A silence that can't be made must not keep the list from being compared."""
        try:
            self.acts.hold()
        except Unavailable as failure:
            if self._sparing.passes() is not None:
                log.warning("the silences that were made here were not compared", extra={"reason": failure.message})
