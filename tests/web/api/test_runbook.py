"""The runbook's page: what to do, the alert's rows as the inbox has them, and a 404 that helps."""

from __future__ import annotations

import dataclasses

from tests.web.alerts.people import HOSTILE, acknowledge, history, kept, silence
from tests.web.alerts.test_desk import compared
from tests.web.conftest import Built, build
from tests.web.console import Surroundings
from web.settings import Settings


def page(console: Built, alert: str = "LedgerDown") -> str:
    answer = console.client.get(f"/runbook/{alert}")
    assert (answer.status_code, answer.mimetype) == (200, "text/html")
    return answer.get_data(as_text=True)


def test_it_has_the_text_and_each_command_with_a_button(lasting: Built) -> None:
    html = page(lasting)
    assert "<strong>What the user feels.</strong>" in html
    command = "docker compose logs --tail 100 postgres"
    assert f'<li><code>{command}</code><button type="button" class="copy" data-copy>Copy</button></li>' in html
    assert "SIMULATED" in html
    assert "has no alert of this name" in html


def test_it_shows_each_instance_with_its_history_and_its_buttons(built: Built, around: Surroundings) -> None:
    for number in (1, 2):
        around.alertmanager.fire(f"f{number}", alertname="LedgerDown", instance=f"executor-{number}:4001")
    around.alertmanager.fire("other", alertname="TargetDown")
    compared(built)
    acknowledge(built, "f1")
    html = page(built)
    assert html.count("<li data-key=") == 2
    assert "acknowledged by Ada until" in html
    assert 'data-act="withdraw" data-of="f1"' in html
    assert 'data-act="acknowledge" data-of="f2"' in html
    assert "began to fire" in html
    made = silence(built, "f2").get_json()["silence"]["silence_id"]
    assert f'data-act="expire" data-of="{made}">End silence of Ada until' in page(built)
    around.alertmanager.firing.clear()
    compared(built)
    assert "data-act=" not in page(built)


def test_an_alert_that_the_runbook_does_not_have_is_a_404_with_all_names(lasting: Built) -> None:
    answer = lasting.client.get("/runbook/Nothing")
    html = answer.get_data(as_text=True)
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert "The runbook has no alert Nothing." in html
    assert '<a href="/runbook/LedgerDown">LedgerDown</a>' in html
    assert "SIMULATED" in html


def test_a_hostile_name_stays_text(lasting: Built) -> None:
    for name in (HOSTILE.replace("/", ""), "x" * 3000, "\u202e", "{{ 7*7 }}", "%00", "..%2f"):
        answer = lasting.client.get(f"/runbook/{name}")
        assert answer.status_code == 404
        assert b"<script>alert" not in answer.data
        assert b"x" * 100 not in answer.data


def test_hostile_names_and_reasons_stay_text_on_the_page(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("f1", alertname="LedgerDown", note=HOSTILE)
    compared(built)
    acknowledge(built, "f1", by=HOSTILE[:60], reason=HOSTILE)
    silence(built, "f1", by=HOSTILE[:60], reason=HOSTILE)
    html = page(built)
    assert "<script>alert" not in html
    assert html.count("&lt;script&gt;") >= 3
    assert " onload=1" not in html.replace("&#39; onload=1", "")


def test_an_inbox_that_can_not_be_read_hides_no_runbook(built: Built) -> None:
    with built.parts.upstreams.desk.inbox._connection() as connection:
        connection.execute("DROP TABLE alerts")
    html = page(built)
    assert "state is not known: the inbox can&#39;t be written or read (no such table: alerts)" in html
    assert "First commands." in html


def test_the_name_in_the_inbox_leads_to_the_page(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("f1", alertname="LedgerDown")
    around.alertmanager.fire("f2", alertname="NotOurs")
    compared(built)
    built.read("inbox")
    html = built.client.get("/").get_data(as_text=True)
    assert '<strong><a href="/runbook/LedgerDown">LedgerDown</a></strong>' in html
    assert "<strong>NotOurs</strong>" in html


def test_links_begin_with_the_public_address_where_it_is_set(settings: Settings, around: Surroundings) -> None:
    around.alertmanager.fire("LedgerDown")
    around.alertmanager.fire("NotOurs")
    for public in ("", "https://spark.example"):
        console = build(dataclasses.replace(settings, public_url=public))
        compared(console)
        wanted = {"console": f"{public}/#alerts", "runbook": f"{public}/runbook/LedgerDown"}
        assert kept(console, "LedgerDown")["links"] == wanted
        assert kept(console, "NotOurs")["links"]["runbook"] is None
        listed = {row["name"]: row["links"] for row in console.client.get("/api/alerts").get_json()["alerts"]}
        assert listed["LedgerDown"] == wanted
    assert len(history(console, "LedgerDown")) == 1
