"""The routes of the receivers: one for each receiver and severity, so that one that hangs delays no other. Pure."""

from __future__ import annotations

from typing import Any

from init.receivers.names import Receiver
from init.receivers.settings import Settings

Route = dict[str, Any]
PAGE_TEST = "PageTest"
"""The alert of `make page-test`, which goes to every receiver."""
ESCALATION = "CriticalNotAcknowledged"
"""The alert about a critical that nobody acknowledged in time."""
QUIET = "quiet-hours"
CRITICAL_INTERVAL = "30s"
"""The end of a critical is told in this time after it ended, as are others that join it: within the minute."""


def routes(settings: Settings) -> list[Route]:
    """Returns the routes in their order. Every one goes on to the next, so that an alert takes all that it matches."""
    return [
        *(_test(receiver) for receiver in settings.on),
        *(_escalation(receiver) for receiver in settings.on if receiver == settings.escalate_to),
        *(_route(receiver, "critical", settings) for receiver in settings.receivers),
        *(_quiet(_route(receiver, "warning", settings), settings) for receiver in settings.warnings_to),
    ]


def intervals(settings: Settings) -> list[dict[str, Any]]:
    """Returns the quiet hours. A range over midnight is two: Alertmanager refuses one that ends before it begins."""
    if settings.quiet_hours is None:
        return []
    begin, end = settings.quiet_hours
    ranges = [(begin, end)] if begin < end else [(begin, "24:00"), ("00:00", end)]
    times = [{"start_time": start, "end_time": stop} for start, stop in ranges if start != stop]
    return [{"name": QUIET, "time_intervals": [{"times": times, "location": settings.zone}]}]


def _test(receiver: Receiver) -> Route:
    # A test is sent at once, and each test is a group of its own.
    matchers = [f'alertname = "{PAGE_TEST}"']
    grouping = {"group_by": ["alertname", "test"], "group_wait": "0s", "group_interval": "10s"}
    return {"receiver": receiver, "matchers": matchers, "continue": True, **grouping}


def _escalation(receiver: Receiver) -> Route:
    matchers = [f'alertname = "{ESCALATION}"']
    return {"receiver": receiver, "matchers": matchers, "continue": True, "group_interval": CRITICAL_INTERVAL}


def _route(receiver: Receiver, severity: str, settings: Settings) -> Route:
    elsewhere = "|".join([PAGE_TEST, *([ESCALATION] if settings.escalate_to else [])])
    matchers = [f'severity = "{severity}"', f'alertname !~ "{elsewhere}"']
    if services := settings.services.get(receiver):
        matchers.append(f'service =~ "{"|".join(services)}"')
    grouping = {"group_interval": CRITICAL_INTERVAL} if severity == "critical" else {}
    return {"receiver": receiver, "matchers": matchers, "continue": True, **grouping}


def _quiet(route: Route, settings: Settings) -> Route:
    return route | ({"mute_time_intervals": [QUIET]} if settings.quiet_hours else {})
