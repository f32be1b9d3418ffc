"""A page that a user sees live passes; each thing that is missing or wrong is a condition that is not met."""

from __future__ import annotations

from typing import Any

import pytest

from canary.page.judging import NETWORK_CHANGED, PageRow, PageSeen, judged, printable, verdict_of


def row(**changes: Any) -> PageRow:
    values: dict[str, Any] = {
        "symbol": "BTCTURK:BTCTRY",
        "bid": "4,030,694",
        "ask": "4,031,761.5",
        "stale": False,
        "visible": True,
    }
    return PageRow(**values | changes)


def seen(**changes: Any) -> PageSeen:
    """A live page, but for the changes."""
    values: dict[str, Any] = {
        "status": 200,
        "title": "SIMULATED · Spark console",
        "link": "live",
        "rows": [row()],
        "changes": 2,
        "watched_seconds": 3.0,
        "card": "PASS",
        "first_price_seconds": 0.4,
    }
    return PageSeen(**values | changes)


def not_met(page: PageSeen) -> list[str]:
    return [one.text for one in judged(page) if not one.met]


def test_a_live_page_passes_and_each_sentence_has_its_value() -> None:
    conditions = judged(seen())
    assert verdict_of(seen(), conditions) == "PASS"
    told = "\n".join(one.sentence for one in conditions)
    for value in ("status 200", "SIMULATED", "0.40 s", "1 of 1 rows", "4,030,694", "2 times within 3.0 s", "PASS"):
        assert value in told


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"status": 503}, "[STATUS] (503) == 200"),
        ({"title": "Grafana"}, '[TITLE] (Grafana) contains "Spark console"'),
        ({"errors": ["TypeError: x"]}, "[CONSOLE_ERRORS] (1) == 0"),
        ({"failed_requests": ["/static/draw.js: status 404"]}, "[FAILED_REQUESTS] (1) == 0"),
        ({"first_price_seconds": 5.001}, "[FIRST_PRICE] (5.00s) <= 5s"),
        ({"rows": []}, "[LIVE_ROWS] (0) >= 1"),
        ({"rows": [row(stale=True)]}, "[LIVE_ROWS] (0) >= 1"),
        ({"rows": [row(bid="–")]}, "[LIVE_ROWS] (0) >= 1"),
        ({"rows": [row(ask="")]}, "[LIVE_ROWS] (0) >= 1"),
        ({"rows": [row(visible=False)]}, "[LIVE_ROWS] (0) >= 1"),
        ({"link": "lost"}, '[STREAM] (lost) == "live"'),
        ({"changes": 1}, "[PRICE_CHANGES] (1) >= 2"),
        ({"card": "FINE"}, "[CARD] (FINE) one of PASS, FAIL, INCONCLUSIVE"),
    ],
)
def test_one_fault_alone_fails_and_is_named(changes: dict[str, Any], text: str) -> None:
    page = seen(**changes)
    assert not_met(page) == [text]
    assert verdict_of(page, judged(page)) == "FAIL"


@pytest.mark.parametrize("field", ["status", "title", "first_price_seconds", "rows", "link", "changes", "card"])
def test_a_value_that_is_missing_fails(field: str) -> None:
    page = seen(**{field: None})
    assert verdict_of(page, judged(page)) == "FAIL"
    assert "(none)" in not_met(page)[0]


def test_nothing_seen_meets_nothing() -> None:
    assert [one.what for one in judged(PageSeen()) if one.met] == []
    assert verdict_of(PageSeen(), []) == "INCONCLUSIVE"


def test_one_stale_row_beside_a_live_one_is_told_and_passes() -> None:
    page = seen(rows=[row(), row(symbol="BIST:AKBNK", stale=True)])
    assert verdict_of(page, judged(page)) == "PASS"
    assert any("1 of 2 rows" in one.sentence for one in judged(page))


def test_a_failure_beside_a_changed_network_of_this_machine_is_inconclusive() -> None:
    page = seen(failed_requests=[f"/static/draw.js: {NETWORK_CHANGED}"], link="connecting")
    assert verdict_of(page, judged(page)) == "INCONCLUSIVE"


def test_what_the_page_says_stays_on_one_short_line() -> None:
    assert printable("a\n\x1b[31mb") == "a  [31mb"
    assert len(printable("x" * 1000)) == 160
