"""The outside heartbeat in the whole console: what it sends, shows and exports, and that nothing waits for it."""

from __future__ import annotations

import logging
import re
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.web.alerts.outside_world import SECRET, Outside
from tests.web.alerts.test_heartbeat import beat, heard
from tests.web.conftest import Built, build
from tests.web.console import Surroundings
from tests.web.test_panels import html
from web.panels import Painter
from web.settings import Settings
from web.undrawn import Undrawn

LOOP = "outside-heartbeat"
AGE = "web_outside_heartbeat_age_seconds"


@pytest.fixture
def started(console: Built, outside: Outside) -> Built:
    """A console that has noted its start and then told a proven path outside."""
    prove(console)
    read(console, LOOP, LOOP)
    assert outside.kinds() == ["/log", ""]
    return console


@pytest.fixture
def console(outside: Outside, around: Surroundings, tmp_path: Path) -> Built:
    return build(Settings.from_environment(around.environment(tmp_path) | outside.settings(tmp_path)))


def exported(console: Built) -> str:
    return str(console.client.get("/metrics").get_data(as_text=True))


def age(console: Built) -> str:
    (line,) = [line for line in exported(console).splitlines() if line.startswith(f"{AGE} ")]
    return line.split()[1]


def line(console: Built) -> str:
    """The heartbeat's line of the alert panel, as text."""
    (found,) = re.findall(r'<p class="[a-z ]*outside".*?</p>', html(console, "alerts"))
    return re.sub(r"\s+", " ", re.sub("<[^>]*>", "", found)).strip()


def read(console: Built, *loops: str) -> None:
    """Runs each of the loops once, in this order."""
    for name in loops:
        console.read(name)


def prove(console: Built) -> None:
    """Brings a heartbeat and a comparison."""
    beat(console)
    read(console, "alerts", "inbox")


def test_it_is_off_without_a_setting(built: Built) -> None:
    built.read("inbox")
    assert LOOP not in built.loops.by_name
    assert AGE not in exported(built)
    assert 'web_upstream_errors_total{upstream="outside"} 0.0' in exported(built)
    assert line(built) == "Outside heartbeat off nobody outside learns when this machine is gone"


def test_a_proven_path_is_told_outside_and_shown(console: Built, outside: Outside) -> None:
    assert line(console) == "Outside heartbeat not sent yet"
    assert age(console) == "+Inf"
    prove(console)
    console.read(LOOP)
    assert line(console).startswith("Outside heartbeat waits for the proof the console has just started; last ping")
    console.read(LOOP)
    assert outside.kinds() == ["/log", ""]
    assert 0 <= float(age(console)) < 60
    assert re.fullmatch(r"Outside heartbeat accepted \d\d:\d\d:\d\d UTC", line(console))


def test_prometheus_that_falls_silent_is_a_failure_until_it_is_heard_again(
    started: Built, around: Surroundings, outside: Outside
) -> None:
    around.alertmanager.watchdog_told_at = datetime.now(UTC) - timedelta(minutes=10)
    prove(started)
    started.read(LOOP)
    kind, body = outside.pings()[-1]
    assert (kind, body.splitlines()[0]) == (
        "/fail",
        "Spark: Prometheus tells Alertmanager nothing, so no new alert can fire.",
    )
    assert line(started).startswith("Outside heartbeat tells a failure Prometheus tells Alertmanager nothing")
    around.alertmanager.watchdog_told_at = None
    prove(started)
    started.read(LOOP)
    assert outside.kinds() == ["/log", "", "/fail", ""]


def test_alertmanager_that_is_gone_is_a_failure_until_it_is_back(
    started: Built, around: Surroundings, outside: Outside
) -> None:
    around.alertmanager.stop()
    started.parts.upstreams.desk.inbox.reconcile((), "resolved", datetime.now(UTC) - timedelta(seconds=70))
    read(started, "alerts", "inbox", LOOP)
    kind, body = outside.pings()[-1]
    assert kind == "/fail"
    assert "was not compared with Alertmanager's list for more than 60 s" in body
    around.alertmanager.server.start()
    read(started, "alerts", "inbox", LOOP)
    assert outside.kinds() == ["/log", "", "/fail", ""]


def test_heartbeats_that_no_longer_come_are_a_failure(started: Built, outside: Outside) -> None:
    heard(started, 200)
    started.read(LOOP)
    assert outside.pings()[-1][0] == "/fail"
    assert "no heartbeat has come from Alertmanager for more than 180 s" in outside.pings()[-1][1]


def test_after_the_start_the_proof_is_waited_for(console: Built, outside: Outside) -> None:
    read(console, "alerts", "inbox", LOOP, LOOP)
    assert outside.kinds() == ["/log", "/log"]
    assert line(console).startswith("Outside heartbeat waits for the proof no heartbeat has come from Alertmanager yet")


@pytest.mark.parametrize("how", ["404", "gone"])
def test_a_ping_that_is_not_accepted_is_counted_and_shown_and_the_console_stays_ready(
    console: Built, outside: Outside, caplog: pytest.LogCaptureFixture, how: str
) -> None:
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.ERROR, "urllib3")
    if how == "gone":
        outside.stop()
    outside.status = 404
    prove(console)
    for _ in range(3):
        console.read(LOOP)
    said = "answered 404" if how == "404" else "does not answer (NewConnectionError)"
    assert line(console) == f"Outside heartbeat FAILING the outside {said}; no ping was accepted since the start"
    assert 'web_upstream_errors_total{upstream="outside"} 3.0' in exported(console)
    assert age(console) == "+Inf"
    health = console.loops.by_name[LOOP].health()
    assert (health.failures, health.last_failure) == (0, None)
    pages = [console.client.get(path).get_data(as_text=True) for path in ("/", "/api/state", "/api/alerts", "/readyz")]
    assert SECRET not in "".join([caplog.text, exported(console), *pages])


def test_a_ping_that_fails_is_not_repeated_more_often_than_the_outside_takes(console: Built, outside: Outside) -> None:
    outside.status = 500
    loop = console.loops.by_name[LOOP]
    assert [loop.run_once() for _ in range(2)] == [20, 20]
    outside.status = 200
    assert loop.run_once() == 20, "no proof yet"
    prove(console)
    assert [loop.run_once() for _ in range(2)] == [60, 60]


def test_the_last_accepted_ping_stays_shown_while_it_fails(started: Built, outside: Outside) -> None:
    outside.stop()
    started.read(LOOP)
    assert re.search(r"; last ping accepted \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC$", line(started))
    assert float(age(started)) < 60


def test_an_outside_that_hangs_keeps_the_console_ready_and_gets_no_success_after_the_stop(
    console: Built, outside: Outside
) -> None:
    outside.hangs = True
    prove(console)
    loop = console.loops.by_name[LOOP]
    console.parts.start()
    try:
        assert outside.came.wait(30)
        health = loop.health()
        assert (health.trouble, health.overdue_seconds) == (None, 0.0)
        assert console.client.get("/readyz").get_json()["ready"] is True
    finally:
        console.loops.stop_signal.set()
        outside.release()
        console.parts.stop()
    assert loop.join(30)
    assert outside.kinds() == ["/log"]


def test_the_panel_is_drawn_again_for_a_ping_alone(console: Built) -> None:
    painter = Painter(console.app.jinja_env, console.state, Undrawn(console.parts.counters.unreadable))

    def drawn() -> str:
        return next(str(panel.html) for panel in painter.panels() if panel.name == "alerts")

    assert "Outside heartbeat not sent yet" in drawn()
    console.read(LOOP)
    end = time.monotonic() + 30
    while "Outside heartbeat waits for the proof" not in drawn():
        assert time.monotonic() < end
        time.sleep(0.05)
