"""Messages stay below each service's limits and tell of all alerts, whatever an alert holds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.rules import rendered

pytestmark = pytest.mark.engine
TEXTS = ["title", "short", "long", "card", "runbook", "dashboard", "silence", "console"]
MOST = 60
STARTED, ENDED = "2026-11-29T12:00:00Z", "2026-11-29T12:10:00Z"
NASTY = "çok <!channel> &amp; \"'`{{ . }}` \\ $(x) %7d é" * 200
HOSTILE_KEYS = {f"label_{number}": NASTY for number in range(70)}


def alert(number: int, *, ended: bool = False, **annotations: str) -> dict[str, Any]:
    labels = {"alertname": "BookStale", "severity": "critical", "service": "marketdata", "symbol": f"PAIR{number}"}
    return {
        "status": "resolved" if ended else "firing",
        "labels": labels,
        "annotations": {"summary": f"The book of PAIR{number} is stale."} | annotations,
        "startsAt": STARTED,
        "endsAt": ENDED if ended else "0001-01-01T00:00:00Z",
    }


def message(alerts: list[dict[str, Any]], **more: Any) -> dict[str, Any]:
    common = {"alertname": "BookStale", "service": "marketdata", "severity": "critical"}
    firing = any(each["status"] == "firing" for each in alerts)
    return {
        "receiver": "slack",
        "status": "firing" if firing else "resolved",
        "alerts": alerts,
        "groupLabels": common,
        "commonLabels": common,
        "commonAnnotations": {"dashboard_url": "/d/spark-overview"},
        "externalURL": "http://127.0.0.1:9093",
    } | more


def hostile(number: int, *, ended: bool = False) -> dict[str, Any]:
    """An alert in which everything is as long and as odd as it may be."""
    names = ("summary", "description", "value", "limit", "first_command", "runbook_url", "dashboard_url")
    found = alert(number, ended=ended) | {"annotations": dict.fromkeys(names, NASTY)}
    return found | {"labels": HOSTILE_KEYS | {"alertname": NASTY, "severity": NASTY, "service": f"({NASTY}"}}


HOSTILE = message(
    [hostile(number, ended=number % 2 == 1) for number in range(2 * MOST)],
    commonLabels=HOSTILE_KEYS | {"alertname": NASTY, "service": NASTY, "severity": NASTY},
    commonAnnotations={"dashboard_url": NASTY},
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return rendered.write(tmp_path_factory.mktemp("texts"), {"SPARK_PUBLIC_URL": "https://spark.example:3003"})


def test_a_small_message_says_what_since_when_how_far_and_what_to_do(folder: Path, alertmanager_image: str) -> None:
    first = alert(
        1, value="63 s", limit="5 s", description="No frame came.", first_command="curl -s http://127.0.0.1:5001/readyz"
    )
    texts = rendered.texts(alertmanager_image, folder, TEXTS, message([first, alert(2), alert(3, ended=True)]))
    assert texts["title"] == "CRITICAL marketdata: The book of PAIR1 is stale. (2 alerts)"
    lines = [line for line in texts["short"].splitlines() if line]
    assert lines[0] == "The book of PAIR1 is stale."
    assert lines[1].startswith("Since Sun 15:00, for ")
    assert lines[2:8] == [
        "Value: 63 s, limit: 5 s",
        "No frame came.",
        "First: curl -s http://127.0.0.1:5001/readyz",
        "service marketdata, symbol PAIR1",
        "Also: marketdata: The book of PAIR2 is stale., since Sun 15:00",
        "Over: marketdata: The book of PAIR3 is stale., after 10m 0s",
    ]
    assert [line.partition(": ")[0] for line in lines[8:]] == ["Runbook", "Dashboard", "Console", "Silence"]
    assert texts["runbook"] == "https://spark.example:3003/runbook/BookStale"
    assert texts["dashboard"] == "https://spark.example:3000/d/spark-overview"


def test_what_is_not_known_leaves_no_empty_words(folder: Path, alertmanager_image: str) -> None:
    texts = rendered.texts(alertmanager_image, folder, ["short", "title"], message([alert(1, summary="")]))
    assert texts["title"] == "CRITICAL marketdata: BookStale"
    assert texts["short"].startswith("BookStale\nSince ")
    assert not [word for word in ("Value", "limit", "First", "no value", "nil") if word in texts["short"]]


def test_a_service_that_the_summary_names_is_not_named_twice(folder: Path, alertmanager_image: str) -> None:
    texts = rendered.texts(alertmanager_image, folder, ["title"], message([alert(1, summary="marketdata is down.")]))
    assert texts["title"] == "CRITICAL marketdata is down."


def test_every_alert_of_a_large_group_is_counted_and_many_are_told(folder: Path, alertmanager_image: str) -> None:
    texts = rendered.texts(alertmanager_image, folder, TEXTS, message([alert(number) for number in range(MOST)]))
    assert texts["title"].endswith(f"({MOST} alerts)")
    for name, told in (("short", 8), ("card", 20), ("long", 50)):
        assert texts[name].count(" is stale.") == told
        assert f"{MOST} alerts fire in all" in texts[name]


def test_nothing_that_an_alert_holds_exceeds_a_limit_or_breaks_a_text(folder: Path, alertmanager_image: str) -> None:
    texts = rendered.texts(alertmanager_image, folder, TEXTS, HOSTILE)
    assert len(texts["title"]) <= 80, "Jira cuts at 130 characters, people on a telephone at 80"
    assert len(texts["short"]) < 3000, "Slack cuts a text there"
    assert len(texts["title"]) + 2 + len(texts["short"]) <= 4096, "above it Telegram gets no text"
    assert len(texts["card"].encode()) < 24_000, "Teams wraps it, and refuses 28 kB"
    assert len(texts["long"].encode()) < 100_000
    assert texts["runbook"].startswith("https://spark.example:3003/runbook/")
    assert not {"<", '"', " ", "{"} & set(texts["runbook"] + texts["silence"] + texts["dashboard"])
    assert not [name for name, text in texts.items() if "<!channel>" in text], "it would call a whole channel of Slack"
    assert texts["short"].count(", label_") <= 4, "no more than five labels"
