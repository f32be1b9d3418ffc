"""The runbook's page: what to do, the alert's rows as the inbox has them, and a 404 that helps."""

from __future__ import annotations

import dataclasses
import re

import pytest

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


@pytest.mark.parametrize("alert", ["Watchdog", "RecentCause"])
def test_of_an_info_the_page_does_not_say_that_it_does_not_fire(built: Built, alert: str) -> None:
    compared(built)
    html = page(built, alert)
    assert "The inbox is not told of infos." in html
    assert "does not fire" not in html


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


def test_the_values_stand_against_the_limit_as_a_picture_and_as_texts(built: Built, around: Surroundings) -> None:
    around.prometheus.series = [
        ({"__name__": "executor_ledger_up", "instance": f"executor-{number}:4001", "job": "spark"}, [1, number - 1, 1])
        for number in (1, 2)
    ]
    around.prometheus.states = ["pending", "firing", None]
    html = page(built)
    assert "<code>executor_ledger_up</code> == <code>0</code>" in html
    assert '<svg viewBox="0 0 600 120"' in html
    assert 'role="img" aria-labelledby="plot-1-title plot-1-desc"' in html
    assert re.search(
        r'<title id="plot-1-title">executor_ledger_up from \d\d:\d\d:\d\d to \d\d:\d\d:\d\d UTC</title>', html
    )
    assert html.count("Fires when it is 0 for 30 s.") == 2
    assert len(re.findall(r"instance executor-1:4001: now 1, lowest 0 at \d\d:\d\d:\d\d UTC", html)) == 2
    assert [html.count(f'<rect class="{state}"') for state in ("pending", "firing")] == [1, 1]
    assert [html.count(f"<li>{word} from ") for word in ("Pending", "Fired")] == [1, 1]
    assert html.count("<polyline ") == 2
    assert " style=" not in html


def test_a_further_condition_and_those_that_are_not_drawn_are_told(built: Built) -> None:
    html = page(built, "MarketDataStale")
    assert "Fires when it is above 20 for 30 s." in html
    assert "A further condition is not drawn: <code>unless on (instance, venue)" in html
    html = page(built, "TargetDown")
    assert "It fires too, without a drawing, when:" in html
    assert "<code>absent(up{job=&#34;spark&#34;, service=&#34;venue&#34;" in html


def test_an_alert_without_a_number_says_so_and_shows_its_expression(built: Built) -> None:
    html = page(built, "InstrumentNotTrading")
    assert "has no single value that is compared with a limit" in html
    assert "<code>max by (service, symbol)" in html
    assert "<svg" not in html
    assert "It was neither pending nor firing in this hour." in html


def test_no_data_and_odd_values_are_said_and_draw_nothing(settings: Settings, around: Surroundings) -> None:
    around.prometheus.series = []
    assert "It had no value in this hour." in page(build(settings))
    around.prometheus.series = [({}, ["NaN", "+Inf"])]
    html = page(build(settings))
    assert "It had no finite number in this hour." in html
    assert "now +Inf, 2 values without a finite number" in html
    assert "<svg" not in html


def test_prometheus_that_is_away_hides_no_runbook(built: Built, around: Surroundings) -> None:
    around.prometheus.server.stop()
    html = page(built)
    assert "The values are not known: " in html
    assert "does not answer" in html
    assert "First commands." in html
    around.prometheus.server.start()


def test_a_rule_that_can_not_be_evaluated_is_told(built: Built, around: Surroundings) -> None:
    around.prometheus.last_error = "many-to-many <b>"
    assert "Prometheus could not evaluate the rule: many-to-many &lt;b&gt;" in page(built)


def test_labels_of_series_stay_text(built: Built, around: Surroundings) -> None:
    around.prometheus.series = [({"venue": HOSTILE}, [1]), ({"venue": "x" * 3000}, [1])]
    html = page(built)
    assert "<script>alert" not in html
    assert "x" * 200 not in html


def test_long_labels_of_an_alert_are_cut_in_its_history(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("f1", alertname="LedgerDown", note="y" * 2000)
    compared(built)
    assert "y" * 100 in page(built)
    assert "y" * 200 not in page(built)


def test_nothing_that_a_reader_sends_becomes_a_query(built: Built, around: Surroundings) -> None:
    for name in ("up", "LedgerDown%22%7D", "Nothing"):
        assert built.client.get(f"/runbook/{name}").status_code == 404
    assert built.client.get("/runbook/LedgerDown?query=up").status_code == 422
    assert around.prometheus.server.asked == []


def test_the_history_is_of_all_alerts_of_the_name(built: Built, around: Surroundings) -> None:
    for number in (1, 2):
        around.alertmanager.fire(f"f{number}", alertname="LedgerDown", instance=f"executor-{number}:4001")
    compared(built)
    around.alertmanager.firing.pop()
    compared(built)
    html = page(built)
    listed = html.partition('data-panel="alert-history"')[2].partition("</section>")[0]
    assert re.findall(r"</time> ([a-z ]+?) <span class=\"muted\">instance (executor-\d)", listed) == [
        ("resolved", "executor-2"),
        ("began to fire", "executor-2"),
        ("began to fire", "executor-1"),
    ]


def test_related_alerts_lead_to_their_pages(built: Built, around: Surroundings) -> None:
    around.alertmanager.fire("f1", alertname="LedgerDown", service="executor", instance="executor-1:4001")
    around.alertmanager.fire("f2", alertname="SlowCommits", service="executor", instance="executor-2:4001")
    around.alertmanager.fire("f3", alertname="TapeOff", service="marketdata")
    compared(built)
    html = page(built)
    open_now = html.partition("Open now, of the same service")[2].partition("</ul>")[0]
    assert (
        '<a href="/runbook/SlowCommits">SlowCommits</a> <span class="muted">instance executor-2:4001</span>' in open_now
    )
    assert open_now.count("<li>") == 1
    assert '<a href="/runbook/MatcherFailing">MatcherFailing</a>' in html
    assert '<a href="/runbook/SlowCommits">SlowCommits</a> <span class="muted">(same service and instance)' in html
    around.alertmanager.firing.clear()
    compared(built)
    assert "No other alert of the same service is open." in page(built)
    assert "Its service is known once it has fired" in page(built, "TapeDropping")
