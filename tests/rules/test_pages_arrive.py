"""With a real Alertmanager, a critical and its end arrive at every receiver in the form that its service takes."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from init.receivers.names import RECEIVERS
from tests.rules.forms import FORMS, RUNBOOK
from tests.rules.live_alertmanager import call
from tests.rules.live_pages import LivePages
from tests.rules.sinks import Message, Sinks

pytestmark = pytest.mark.engine
SECONDS = 60.0
FACTS = {
    "description": "The 95th percentile was above the limit for 5 minutes.",
    "value": "3.2 s",
    "limit": "1 s",
    "first_command": "curl -s http://127.0.0.1:4001/readyz",
}
TITLES = ("CRITICAL Requests to executor are slow.", "RESOLVED Requests to executor are slow.")
DASHBOARD = "https://spark.example:3000/d/spark-overview"


@pytest.fixture(scope="module")
def sinks() -> Iterator[Sinks]:
    with Sinks().running() as running:
        yield running


@pytest.fixture(scope="module")
def live(alertmanager_image: str, tmp_path_factory: pytest.TempPathFactory, sinks: Sinks) -> Iterator[LivePages]:
    pages = LivePages(alertmanager_image, tmp_path_factory.mktemp("pages"), sinks)
    yield pages
    pages.end()


def check_text(text: str, *, ended: bool) -> None:
    """A text that a service shows to people. The webhook has none, and Jira's closing has none."""
    wanted = [f"Runbook: {RUNBOOK}Shape", f"Dashboard: {DASHBOARD}", "Console: https://spark.example:3003"]
    if ended:
        wanted += ["Over: Requests to executor are slow., after 5m "]
    else:
        wanted += ["for 5m ", "Value: 3.2 s, limit: 1 s", FACTS["description"], f"First: {FACTS['first_command']}"]
        wanted += ["instance executor-1:4001, service executor", "Silence: https://spark.example:9093/#/silences/new"]
    assert [each for each in wanted if each not in text] == []
    assert text.index("Runbook: ") < text.index("Dashboard: ")


def test_a_critical_and_its_end_arrive_everywhere_in_the_form_of_each_service(live: LivePages, sinks: Sinks) -> None:
    assert set(FORMS) == set(RECEIVERS)
    live.tell("Shape", annotations=FACTS)
    firing: dict[str, Message] = {name: sinks.wait(name, "Shape", 1, SECONDS)[0] for name in RECEIVERS}
    sinks.wait("console", "Shape", 1, SECONDS)
    marks = dict.fromkeys(FORMS, "Shape") | {"jira": "https://spark.example:3003"}
    # Alertmanager sends a message again that a busy receiver answered too late: the end is the first one after these.
    before = {name: len(sinks.of(name, mark)) for name, mark in marks.items()}
    live.tell("Shape", ended=True, annotations=FACTS)
    for name, form in FORMS.items():
        if text := form(firing[name], TITLES[0]):
            check_text(text, ended=False)
        ended = sinks.wait(name, marks[name], before[name] + 1, SECONDS)[-1]
        if text := form(ended, TITLES[1]):
            check_text(text, ended=True)


def test_one_that_hangs_and_one_that_refuses_delay_nobody(live: LivePages, sinks: Sinks) -> None:
    sinks.hung, sinks.refusing = {"slack"}, {"teams"}
    others = [name for name in (*RECEIVERS, "console") if name not in ("slack", "teams", "jira")]
    try:
        live.tell("Alone")
        for name in (*others, "jira"):
            sinks.wait(name, "Alone", 1, SECONDS)
        live.tell("Alone", ended=True)
        for name in others:
            sinks.wait(name, "Alone", 2, SECONDS)
        assert sinks.of("slack", "Alone") == sinks.of("teams", "Alone") == []
    finally:
        sinks.hung, sinks.refusing = set(), set()
        sinks.released.set()


def test_a_warning_and_an_info_go_where_they_belong(live: LivePages, sinks: Sinks) -> None:
    live.tell("Mild", severity="info")
    live.tell("Middling", severity="warning")
    message = sinks.wait("pagerduty", "Middling", 1, SECONDS)[0]
    assert message.body["payload"]["severity"] == "warning"
    assert sinks.wait("jira", "Middling", 1, SECONDS)[0].body["priority"] == "P3"
    assert sinks.wait("email", "Middling", 1, SECONDS)[0].headers["Subject"].startswith("WARNING ")
    assert [each for each in sinks.got if "Mild" in str(each.body)] == []


def test_the_page_test_tells_who_got_both_messages_and_who_did_not(live: LivePages, sinks: Sinks) -> None:
    done = live.page_test(60)
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert done.returncode == 0, done.stdout + done.stderr
    assert set(rows) == {*RECEIVERS, "console"}
    assert all(row.count("arrived in ") == 2 for row in rows.values())
    sinks.refusing = {"teams"}
    try:
        done = live.page_test(20)
    finally:
        sinks.refusing = set()
    rows = {line.split()[0]: line for line in done.stdout.splitlines()[1:]}
    assert done.returncode == 1
    assert rows["teams"].count("REFUSED (") == 2
    assert [name for name in RECEIVERS if rows[name].count("arrived in ") == 2] == [
        name for name in RECEIVERS if name != "teams"
    ]
    assert "the reasons: make logs SERVICE=alertmanager" in done.stdout


def test_the_script_started_it_with_the_rendered_configuration(live: LivePages) -> None:
    told = call(f"{live.url}/api/v2/status")["config"]["original"]
    assert all(f"name: {receiver}\n" in told for receiver in RECEIVERS)
    assert "is refused" not in live.words()
