"""After any course of firing, restarts, silence and lost, late or repeated messages: the inbox is Alertmanager's."""

from __future__ import annotations

import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web.alerts.alert import alert_of
from web.alerts.inbox import AlertInbox
from web.alerts.judge import COMPLETE_SECONDS, Hearing, Missing
from web.alerts.sent import AlertmanagerStatus, ListedAlert, WebhookAlert

NAMES = ("a", "b", "c")
HEARTBEAT = "Watchdog"
TICK_SECONDS = 5
FORGET_SECONDS = 120
EVENTS = (
    *(f"{what} {name}" for what in ("fire", "end") for name in NAMES),
    *("stop Prometheus", "start Prometheus", "restart Alertmanager", "deliver", "deliver the last", "lose", "repeat"),
    *("wait", "wait long", "restart console"),
)


class Chain:
    """Prometheus, Alertmanager, the messages under way and the inbox, on a clock of their own."""

    def __init__(self, folder: Path) -> None:
        self.now = datetime(2026, 11, 22, 9, tzinfo=UTC)
        self.prometheus: dict[str, datetime] = {HEARTBEAT: self.now}
        self.speaks = True
        self.started_at = self.now - timedelta(hours=1)
        self.alertmanager: dict[str, tuple[datetime, datetime]] = {}
        self.messages: list[WebhookAlert] = []
        self.folder = folder
        self.restart_console()
        self.tick(1)

    def restart_console(self) -> None:
        self.inbox, self.hearing = AlertInbox(self.folder / "alerts.sqlite"), Hearing()
        self.missing: Missing = "undecided"

    def tick(self, times: int) -> None:
        """Lets Prometheus tell what fires, Alertmanager forget, and the console compare, so many times."""
        for _ in range(times):
            self.now += timedelta(seconds=TICK_SECONDS)
            if self.speaks:
                for name, since in self.prometheus.items():
                    self._tell(name, since)
                for name in [name for name in self.alertmanager if name not in self.prometheus]:
                    self._end(name)
            for name, (_, told) in list(self.alertmanager.items()):
                if self.now - told > timedelta(seconds=FORGET_SECONDS):
                    self._end(name)
            self.compare()

    def _tell(self, name: str, since: datetime) -> None:
        known = self.alertmanager.get(name)
        self.alertmanager[name] = (min(since, known[0]) if known else since, self.now)
        if known is None:
            self._send(name, "firing", self.alertmanager[name][0])

    def _end(self, name: str) -> None:
        since, _ = self.alertmanager.pop(name)
        self._send(name, "resolved", since)

    def _send(self, name: str, status: str, since: datetime) -> None:
        if name != HEARTBEAT:
            end = self.now if status == "resolved" else datetime(1, 1, 1, tzinfo=UTC)
            labels = {"alertname": name}
            sent = {"status": status, "starts_at": since, "ends_at": end, "fingerprint": name, "labels": labels}
            self.messages.append(WebhookAlert(**sent))  # type: ignore[arg-type]

    def deliver(self, place: int) -> None:
        if self.messages:
            self.receive(self.messages.pop(place))

    def receive(self, message: WebhookAlert) -> None:
        self.now += timedelta(milliseconds=1)
        self.inbox.take([alert_of(message, self.now)], self.missing)

    def compare(self) -> None:
        listed = [
            ListedAlert(fingerprint=name, starts_at=since, updated_at=told, labels={"alertname": name})
            for name, (since, told) in self.alertmanager.items()
        ]
        self.now += timedelta(milliseconds=1)
        self.missing = self.hearing.missing(AlertmanagerStatus(started_at=self.started_at), listed, self.now)
        alerts = [alert_of(each, self.now) for each in listed if not each.is_heartbeat]
        self.inbox.reconcile(alerts, self.missing, self.now)

    def open_rows(self) -> dict[str, str]:
        return {row.fingerprint: row.status for row in self.inbox.newest(100) if row.status != "resolved"}

    def listed(self) -> dict[str, str]:
        return dict.fromkeys(set(self.alertmanager) - {HEARTBEAT}, "firing")

    def take_place(self, event: str) -> None:
        what, _, name = event.partition(" ")
        if what == "fire":
            self.prometheus.setdefault(name, self.now)
        elif what == "end":
            self.prometheus.pop(name, None)
        elif name == "Prometheus":
            self.speaks = what == "start"
        elif event == "restart Alertmanager":
            self.alertmanager.clear()
            self.started_at = self.now
        elif event == "restart console":
            self.restart_console()
        elif event == "repeat" and self.messages:
            self.messages.append(self.messages[0])
        elif event == "lose" and self.messages:
            self.messages.pop(0)
        elif what == "deliver":
            self.deliver(-1 if name else 0)
        self.tick({"wait": 1, "wait long": 40}.get(event, 0))


@pytest.mark.slow
@given(events=st.lists(st.sampled_from(EVENTS), max_size=40))
def test_the_inbox_is_alertmanagers_list_after_any_course(events: list[str]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        chain = Chain(Path(folder))
        for event in events:
            chain.take_place(event)
            chain.compare()
            if chain.missing == "resolved":
                assert chain.open_rows() == chain.listed()
            elif chain.missing == "unknown":
                firing = {name for name, status in chain.open_rows().items() if status == "firing"}
                assert firing == set(chain.listed())
        chain.speaks = True
        chain.tick(int(COMPLETE_SECONDS / TICK_SECONDS) + 2)
        while chain.messages:
            chain.deliver(0)
        chain.tick(1)
        assert chain.open_rows() == chain.listed() == dict.fromkeys(set(chain.prometheus) - {HEARTBEAT}, "firing")
