"""The card, the history and the badge over HTTP, after rounds over real servers."""

from __future__ import annotations

import re
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given, settings
from hypothesis import strategies as st

from canary import history_api
from canary.badge import badge
from canary.history.cursor import LAST, cursor_of, place_of
from canary.history.store import FILE, HistoryFile
from canary.monitor import Monitor
from canary.settings import Settings
from canary.verdict import VERDICTS
from common.clock import SYSTEM_CLOCK
from common.errors import InvalidRequest
from tests.canary.build import HandClock, observation
from tests.canary.histories import after, entry, filled
from tests.canary.servers import METRICS, PAGE, Engine, Site, closed_port
from tests.canary.test_app import Canary
from tests.canary.test_monitor import Script, monitor

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture
def canary(tmp_path: Path, site: Site, engine: Engine) -> Canary:
    return Canary(tmp_path, site, engine)


def client_of(folder: Path, hand: HandClock | None = None) -> tuple[FlaskClient, Monitor]:
    """The calls over the history in a folder, and over rounds that see a healthy stack at the times of `hand`."""
    app, watching = Flask("canary"), monitor(folder, Script(observation()), hand)
    history_api.add_routes(app, Settings.from_environment({}), watching, HistoryFile(folder))
    return app.test_client(), watching


def pages(client: FlaskClient, path: str, limit: int, field: str) -> list[dict[str, Any]]:
    """All rows of a list, page by page."""
    found, cursor = [], ""
    while True:
        answer = client.get(f"{path}{'&' if '?' in path else '?'}limit={limit}{cursor}")
        assert answer.status_code == 200, answer.data
        assert answer.json is not None
        assert len(answer.json[field]) <= limit
        found += answer.json[field]
        if answer.json["next"] is None:
            return found
        cursor = f"&before={quote(answer.json['next'])}"


def test_the_card_has_the_verdict_with_its_reason_and_each_service(canary: Canary, site: Site, engine: Engine) -> None:
    engine.containers[0]["RestartCount"] = 2
    canary.monitor.run_round()
    card = canary.get("/v1/canary")
    assert (card["market"], card["verdict"], card["reason"]) == ("simulated", "PASS", "every condition is met")
    assert card["last_pass"] == card["checked_at"] == card["since"]
    assert card["samples"] >= 40
    assert (card["baseline"], card["history_problem"]) == (None, None)
    web = next(one for one in card["services"] if one["service"] == "web")
    assert (web["ok"], web["reason"], web["metrics_bytes"]) == (True, None, len(METRICS))
    (container,) = web["containers"]
    assert (container["state"], container["since_baseline"], container["in_all"]) == ("running", 2, 2)
    assert web["uptime_today"]["ratio"] == web["uptime_30_days"]["ratio"] == 1.0
    site.routes["/"] = (500, "text/html", b"")
    canary.monitor.run_round()
    card = canary.get("/v1/canary")
    assert (card["verdict"], card["reason"]) == (
        "FAIL",
        "web page: [STATUS] (500) == 200; web assets: [STATUS] (500) == 200",
    )
    assert card["since"] == card["checked_at"] > card["last_pass"]
    web = next(one for one in card["services"] if one["service"] == "web")
    assert (web["ok"], web["reason"]) == (False, "page: [STATUS] (500) == 200")
    assert web["uptime_today"]["ratio"] == 0.5


def test_before_the_first_round_the_card_knows_nothing_and_the_lists_are_empty(canary: Canary) -> None:
    card = canary.get("/v1/canary")
    assert (card["verdict"], card["services"], card["since"]) == ("INCONCLUSIVE", [], None)
    assert canary.get("/v1/runs") == {"market": "simulated", "began": None, "runs": [], "next": None}
    assert canary.get("/v1/hours") == {"market": "simulated", "hours": [], "next": None}
    assert canary.get("/v1/uptime") == {"market": "simulated", "began": None, "services": [], "days": []}


def test_a_container_that_is_down_is_told_for_a_service_without_a_probe(canary: Canary, engine: Engine) -> None:
    engine.containers[2]["State"]["Status"] = "exited"
    canary.monitor.run_round()
    own = next(one for one in canary.get("/v1/canary")["services"] if one["service"] == "canary")
    assert (own["ok"], own["reason"]) == (False, 'container: [STATE] (exited) == "running"')
    assert own["uptime_today"]["ratio"] == 0


def test_without_the_engine_the_card_has_no_containers(tmp_path: Path, site: Site, engine: Engine) -> None:
    canary = Canary(tmp_path, site, engine, SPARK_DOCKER_URL=f"tcp://127.0.0.1:{closed_port()}")
    canary.monitor.run_round()
    card = canary.get("/v1/canary")
    assert {one["service"]: one["containers"] for one in card["services"]} == {"web": [], "marketdata": []}
    assert all(one["uptime_today"] is None for one in card["services"])


def test_rounds_hours_and_uptime_are_kept_over_a_restart(canary: Canary, site: Site, engine: Engine) -> None:
    canary.monitor.run_round()
    again = Canary(canary.store.folder, site, engine)
    again.monitor.run_round()
    runs = again.get("/v1/runs")
    assert [(one["verdict"], one["changed"]) for one in runs["runs"]] == [("PASS", False), ("PASS", True)]
    assert runs["began"]["note"] == "there was no history before"
    assert sum(sum(one["rounds"].values()) for one in again.get("/v1/hours")["hours"]) == 2
    services = {one["service"]: one for one in again.get("/v1/uptime")["services"]}
    assert {name: one["rounds_up"] for name, one in services.items()} == {"web": 2, "marketdata": 2, "canary": 2}


def test_the_lists_filter_by_verdict_and_by_change(canary: Canary) -> None:
    filled(canary.store.folder, *(entry(after(seconds=n), ("PASS", "FAIL")[n // 3 % 2]) for n in range(12)))
    assert {one["verdict"] for one in canary.get("/v1/runs?verdict=FAIL")["runs"]} == {"FAIL"}
    changes = canary.get("/v1/runs?changed=true")["runs"]
    assert [(one["verdict"], one["was"]) for one in changes] == [
        ("FAIL", "PASS"),
        ("PASS", "FAIL"),
        ("FAIL", "PASS"),
        ("PASS", None),
    ]
    assert len(canary.get("/v1/runs?changed=true&verdict=FAIL")["runs"]) == 2


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(VERDICTS), max_size=30), st.integers(1, 12), st.sampled_from(["", *VERDICTS]))
def test_pages_hold_each_round_once_and_in_order_while_new_ones_arrive(
    tmp_path_factory: pytest.TempPathFactory, verdicts: list[str], limit: int, verdict: str
) -> None:
    folder = tmp_path_factory.mktemp("history")
    file = filled(folder, *(entry(after(seconds=n), one) for n, one in enumerate(verdicts)))
    client, _ = client_of(folder)
    path = f"/v1/runs{f'?verdict={verdict}' if verdict else ''}"
    wanted = [n for n, one in enumerate(verdicts) if verdict in ("", one)]
    found, cursor = [], ""
    while True:
        answer: Any = client.get(f"{path}{'&' if verdict else '?'}limit={limit}{cursor}").json
        found += [one["at"] for one in answer["runs"]]
        if answer["next"] is None:
            break
        file.write(entry(after(hours=1, seconds=len(found)), verdict or "PASS"), 90)
        cursor = f"&before={answer['next']}"
    assert found == [after(seconds=n).isoformat().replace("+00:00", "Z") for n in reversed(wanted)]


@given(st.integers(0, LAST), st.text(max_size=30))
def test_a_cursor_has_one_spelling(place: int, text: str) -> None:
    assert place_of(cursor_of(place), "before") == place
    with suppress(InvalidRequest):
        assert cursor_of(place_of(text, "before")) == text


def test_hours_are_paged_too(canary: Canary) -> None:
    filled(canary.store.folder, *(entry(after(hours=n)) for n in range(7)))
    hours = [one["hour"] for one in pages(canary.client, "/v1/hours", 3, "hours")]
    assert hours == [after(hours=n).isoformat().replace("+00:00", "Z") for n in reversed(range(7))]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/v1/runs?limit=0", "limit"),
        ("/v1/runs?limit=201", "limit"),
        ("/v1/runs?limit=ten", "limit"),
        ("/v1/runs?before=", "before"),
        ("/v1/runs?before=7", "before"),
        ("/v1/runs?before=djEuNw==", "before"),
        ("/v1/runs?before=djEuLTc", "before"),
        ("/v1/runs?before=djEuMDc", "before"),
        ("/v1/runs?before=" + "A" * 3000, "before"),
        ("/v1/runs?before=%00", "before"),
        ("/v1/runs?before=%F0%9F%90%A4", "before"),
        ("/v1/runs?verdict=pass", "verdict"),
        ("/v1/runs?verdict=", "verdict"),
        ("/v1/runs?changed=yes", "changed"),
        ("/v1/runs?after=1", "after"),
        ("/v1/hours?before=x", "before"),
        ("/v1/hours?verdict=PASS", "verdict"),
        ("/v1/uptime?days=0", "days"),
        ("/v1/uptime?days=401", "days"),
        ("/v1/canary?full=1", "full"),
        ("/badge.svg?style=flat", "style"),
    ],
)
def test_a_bad_option_is_refused_by_name(canary: Canary, path: str, field: str) -> None:
    answer = canary.client.get(path)
    assert answer.status_code == 422
    assert answer.json is not None
    assert answer.json["error"]["details"] == {"field": field}


def test_uptime_has_a_row_for_each_service_and_day(canary: Canary) -> None:
    at = SYSTEM_CLOCK.now()
    filled(canary.store.folder, entry(at, up={"web": True, "venue": False}))
    answer = canary.get("/v1/uptime?days=400")
    assert [(one["service"], one["day"], one["ratio"]) for one in answer["days"]] == [
        ("venue", f"{at:%Y-%m-%d}", 0.0),
        ("web", f"{at:%Y-%m-%d}", 1.0),
    ]
    assert [one["service"] for one in answer["services"]] == ["venue", "web"]


def test_a_history_that_cannot_be_read_is_503_and_the_card_says_why(canary: Canary) -> None:
    canary.monitor.run_round()
    (canary.store.folder / FILE).write_bytes(b"no database " * 900)
    answer = canary.client.get("/v1/runs")
    assert (answer.status_code, answer.json and answer.json["error"]["code"]) == (503, "UNAVAILABLE")
    card = canary.get("/v1/canary")
    assert "the history is damaged" in card["history_problem"]
    assert (card["verdict"], card["since"]) == ("PASS", None)
    canary.monitor.run_round()
    canary.monitor.run_round()
    status = canary.get("/v1/status")
    assert status["verdict"] == "INCONCLUSIVE"
    assert status["reasons"][0].startswith("canary itself: [HISTORY] (the history was damaged (")
    assert canary.get("/v1/runs")["began"]["note"].startswith("the history was damaged (")
    canary.monitor.run_round()
    assert canary.get("/v1/status")["verdict"] == "PASS"
    assert canary.metrics()["canary_history_failures_total",] == 1


def test_the_metrics_tell_changes_uptime_and_the_files_size(canary: Canary, site: Site) -> None:
    assert canary.metrics()["canary_history_bytes",] == 0
    for page in (PAGE, (500, "text/html", b"")):
        site.routes["/"] = page
        canary.monitor.run_round()
    metrics = canary.metrics()
    assert metrics["canary_verdict_changes_total",] == 1
    assert metrics["canary_uptime_ratio", "web"] == 0.5
    assert metrics["canary_uptime_ratio", "marketdata"] == 1
    assert metrics["canary_history_failures_total",] == 0
    assert metrics["canary_history_bytes",] > 4096


def drawn(content: bytes) -> tuple[str, list[str]]:
    """The title of a badge, and its texts."""
    svg = ElementTree.fromstring(content)  # noqa: S314
    assert svg.get("role") == "img"
    assert svg.get("aria-label") == svg.findtext(f"{SVG}title")
    return str(svg.get("aria-label")), [str(one.text) for one in svg.iter(f"{SVG}text")]


def test_the_badge_tells_the_verdict_of_now_and_is_kept_nowhere(canary: Canary, site: Site) -> None:
    answer = canary.client.get("/badge.svg")
    assert (answer.status_code, answer.content_type) == (200, "image/svg+xml")
    assert answer.headers["Cache-Control"] == "no-cache, no-store, max-age=0"
    assert drawn(answer.data) == ("canary: INCONCLUSIVE", ["canary", "INCONCLUSIVE"])
    canary.monitor.run_round()
    assert drawn(canary.client.get("/badge.svg").data) == ("canary: PASS", ["canary", "PASS"])
    site.routes["/"] = (500, "text/html", b"")
    canary.monitor.run_round()
    assert drawn(canary.client.get("/badge.svg").data) == ("canary: FAIL", ["canary", "FAIL"])


def test_the_badge_of_a_canary_whose_rounds_stopped_is_inconclusive(tmp_path: Path) -> None:
    hand = HandClock()
    client, watching = client_of(tmp_path, hand)
    watching.run_round()
    assert drawn(client.get("/badge.svg").data)[0] == "canary: PASS"
    hand.seconds += 91
    assert drawn(client.get("/badge.svg").data)[0] == "canary: INCONCLUSIVE"


def test_each_verdict_has_a_colour_of_its_own_and_any_text_is_escaped() -> None:
    assert len({re.findall(rb'fill="(#\w+)"', badge(word))[2] for word in VERDICTS}) == 3
    assert drawn(badge('<script x="">&')) == ('canary: <script x="">&', ["canary", '<script x="">&'])
