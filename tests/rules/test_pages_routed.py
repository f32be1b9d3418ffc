"""With a real Alertmanager: quiet hours, receivers that are limited to services, and the second receiver."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.rules.live_pages import LivePages
from tests.rules.sinks import Sinks

pytestmark = pytest.mark.engine
SECONDS = 60.0


def quiet_now() -> str:
    """Quiet hours in UTC that began an hour ago and end in two."""
    begin, end = (datetime.now(UTC) + timedelta(hours=hours) for hours in (-1, 2))
    return f"{begin:%H:%M}-{end:%H:%M}"


@pytest.fixture(scope="module")
def sinks() -> Iterator[Sinks]:
    with Sinks().running() as running:
        yield running


@pytest.fixture(scope="module")
def live(alertmanager_image: str, tmp_path_factory: pytest.TempPathFactory, sinks: Sinks) -> Iterator[LivePages]:
    settings = {
        "SPARK_RECEIVERS": "email,slack,teams",
        "SPARK_WARNINGS_TO": "email",
        "SPARK_RECEIVER_SERVICES": "teams=web",
        "SPARK_ESCALATE_TO": "pagerduty",
        "SPARK_QUIET_HOURS": quiet_now(),
        "SPARK_TIMEZONE": "UTC",
    }
    pages = LivePages(alertmanager_image, tmp_path_factory.mktemp("routed"), sinks, **settings)
    yield pages
    pages.end()


def test_each_alert_reaches_those_that_the_settings_say_and_nobody_else(live: LivePages, sinks: Sinks) -> None:
    live.tell("Muted", severity="warning")
    live.tell("CriticalNotAcknowledged")
    live.tell("Sent")
    sinks.wait("console", "Muted", 1, SECONDS)
    sinks.wait("console", "CriticalNotAcknowledged", 1, SECONDS)
    for name in ("email", "slack", "console"):
        sinks.wait(name, "Sent", 1, SECONDS)
    sinks.wait("pagerduty", "CriticalNotAcknowledged", 1, SECONDS)
    # All wait for one second, so what has not come two seconds after the last one does not come.
    time.sleep(2)
    got = {
        (each.receiver, name)
        for name in ("Muted", "Sent", "CriticalNotAcknowledged")
        for each in sinks.got
        if name in str(each.body)
    }
    assert got == {
        ("console", "Muted"),
        ("console", "Sent"),
        ("console", "CriticalNotAcknowledged"),
        ("email", "Sent"),
        ("slack", "Sent"),
        ("pagerduty", "CriticalNotAcknowledged"),
    }


def test_a_page_test_reaches_the_second_receiver_and_the_limited_one_too(live: LivePages) -> None:
    done = live.page_test(20)
    assert done.returncode == 0, done.stdout + done.stderr
    assert {line.split()[0] for line in done.stdout.splitlines()[1:]} == {
        "console",
        "email",
        "slack",
        "teams",
        "pagerduty",
    }
