"""The table says what was found, and a row that falls short says why."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from tests.faults import report, run, table, told
from tests.faults.audit import Audit
from tests.faults.fault import Fault, once
from tests.faults.run import Outcome
from tests.rules.sinks import Message

FAULT = Fault("stop-it", "it is stopped", once(lambda _ground: None), "TargetDown", 60, verdict="FAIL")
CLEAN = Audit(orders=40, lost=(), doubled=(), odd=(), verify="clean", agree=True)
GOOD = Outcome(
    fault=FAULT,
    fired=20.4,
    arrived=31.2,
    alerts=("TargetDown",),
    told=("TargetDown",),
    healed=12.0,
    console=("TargetDown",),
    canary=("PASS", "FAIL"),
    slowest=1.5,
    critical=True,
    over=33.4,
    audit=CLEAN,
    short=(),
    took=90.0,
)


def webhook(status: str, alert: str, at: float, service: str = "web") -> Message:
    alerts = [{"labels": {"alertname": alert, "severity": "critical"}}]
    return Message("webhook", "/spark", {}, {"status": status, "groupKey": f"{alert}:{service}", "alerts": alerts}, at)


def jira(path: str, at: float, **body: object) -> Message:
    return Message("jira", f"/jsm/ops/integration/v2/alerts{path}", {}, body, at)


def test_a_row_has_a_cell_for_each_column() -> None:
    assert len(report.cells(GOOD)) == len(report.COLUMNS)
    assert report.row(GOOD).count("|") == len(report.COLUMNS) + 1
    text = (
        "| it is stopped | 8 | TargetDown | 20 | 31 | 60 | 33 | 12 s after the end | 40 | 0 | 0 | 1.5 | 1: TargetDown |"
    )
    assert report.row(GOOD).startswith(text)


def test_an_outcome_as_expected_falls_short_of_nothing() -> None:
    assert run.unmet(GOOD, []) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"fired": None}, "TargetDown did not fire"),
        ({"arrived": 61.0}, "the message took 61 s, the limit is 60 s"),
        ({"told": ("TargetDown", "A", "B")}, "3 firing messages"),
        ({"over": None}, "its end was not told everywhere"),
        ({"over": 61.0}, "its end was told 61 s late, the limit is 60 s"),
        ({"healed": None}, "it did not heal"),
        ({"healed": 121.0}, "it healed after 121 s, the limit is 120 s"),
        ({"canary": ("PASS",)}, "the canary never said FAIL"),
        ({"audit": replace(CLEAN, lost=("one is lost",))}, "one is lost"),
        ({"audit": replace(CLEAN, doubled=("one is there twice",))}, "one is there twice"),
        ({"audit": replace(CLEAN, odd=("one was never answered",))}, "one was never answered"),
        ({"audit": replace(CLEAN, verify="BROKEN")}, "verify: BROKEN"),
        ({"audit": replace(CLEAN, agree=False)}, "the executors do not agree"),
    ],
)
def test_each_expectation_that_is_not_met_is_told(change: dict[str, object], sentence: str) -> None:
    assert run.unmet(replace(GOOD, **change), []) == [sentence]  # type: ignore[arg-type]


def test_a_receiver_without_the_message_is_named() -> None:
    assert run.unmet(replace(GOOD, arrived=None), ["slack"]) == ["no message at slack"]


def test_where_no_alert_is_expected_a_single_message_falls_short() -> None:
    silent = replace(FAULT, alert=None)
    quiet = replace(GOOD, fault=silent, fired=None, arrived=None, critical=False, over=None, told=())
    assert run.unmet(quiet, []) == []
    assert run.unmet(replace(quiet, told=("TargetDown",)), []) == ["1 firing messages"]


def test_only_a_firing_message_about_the_alert_counts_as_its_arrival() -> None:
    others = [webhook("firing", "CanaryFailing", 1.0), webhook("resolved", "TargetDown", 2.0)]
    assert told.arrivals(others, "TargetDown") == {}
    all_of_them = [*others, webhook("firing", "TargetDown", 3.0), webhook("firing", "TargetDown", 4.0)]
    assert told.arrivals(all_of_them, "TargetDown") == {"webhook": 3.0}


def test_the_end_is_told_once_each_group_of_the_alert_has_its_own() -> None:
    messages = [webhook("firing", "TargetDown", 1.0), webhook("firing", "TargetDown", 2.0, service="venue")]
    messages.append(webhook("resolved", "TargetDown", 3.0))
    assert told.endings(messages, "TargetDown", ["webhook"]) == {}
    messages.append(webhook("resolved", "TargetDown", 4.0, service="venue"))
    assert told.endings(messages, "TargetDown", ["webhook", "slack"]) == {"webhook": 4.0}
    messages.append(webhook("firing", "TargetDown", 5.0))
    assert told.endings(messages, "TargetDown", ["webhook"]) == {}


def test_what_closes_an_alert_in_jira_is_known_by_the_name_under_which_it_was_opened() -> None:
    details = {"runbook": "https://spark.example:3003/runbook/TargetDown"}
    opened = jira("", 1.0, message="CRITICAL web is down.", alias="abc", details=details)
    other = jira("/xyz/close?identifierType=alias", 2.0)
    assert told.endings([opened, other], "TargetDown", ["jira"]) == {}
    closed = jira("/abc/close?identifierType=alias", 3.0)
    assert told.endings([opened, other, closed], "TargetDown", ["jira"]) == {"jira": 3.0}


def test_the_file_tells_when_where_and_what_fell_short() -> None:
    bad = replace(GOOD, short=("3 firing messages",))
    text = report.document([GOOD, bad], datetime(2026, 1, 2, 3, 4, tzinfo=UTC), "abc", ["slack", "email"])
    assert "Run at 2026-01-02 03:04 UTC on commit `abc`." in text
    assert "- **it is stopped**: 3 firing messages" in text
    assert text.count("| as expected |") == text.count("| falls short |") == 1


def test_the_table_has_every_kind_of_fault_under_a_name_of_its_own() -> None:
    names = [fault.name for fault in table.FAULTS]
    assert len(set(names)) == len(names) >= 25
    assert sum(fault.quick for fault in table.FAULTS) >= 8
    assert {"HighRequestLatency", "HighErrorRate"} <= {fault.alert for fault in table.FAULTS if fault.factor == 1}


def test_a_name_that_no_fault_has_is_refused() -> None:
    assert [fault.name for fault in table.named("stop-web, half-open")] == ["stop-web", "half-open"]
    assert len(table.named("")) == len(table.FAULTS)
    with pytest.raises(ValueError, match="no fault is called nonsense"):
        table.named("nonsense")
