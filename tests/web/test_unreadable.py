"""A value that can't be shown is refused at the door or named in the view; it never blinds what stands beside it."""

from __future__ import annotations

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from common import moments, texts, wire
from common.clock import SYSTEM_CLOCK
from common.verifier import verifier_of
from tests.web.api.test_alerts import GOOD, alert, batch
from tests.web.conftest import Built, build
from tests.web.console import ALERT_TOKEN
from web import view
from web.alerts.alert import Alert
from web.alerts.inbox import AlertInbox
from web.alerts.rows import text_of
from web.panels import Painter
from web.settings import Settings
from web.undrawn import Undrawn

ENDS = ("0001-01-01T00:00:00+23:59", "9999-12-31T23:59:59-23:59", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z")
BLIND = "could not be drawn"
OLD_TABLE = """
CREATE TABLE alert (
    id INTEGER PRIMARY KEY AUTOINCREMENT, group_key TEXT NOT NULL, fingerprint TEXT NOT NULL, starts_at TEXT NOT NULL,
    status TEXT NOT NULL, updated_at TEXT NOT NULL, body BLOB NOT NULL, UNIQUE (group_key, fingerprint, starts_at)
)
"""
INSERT = "INSERT INTO alert (group_key, fingerprint, starts_at, status, updated_at, body) VALUES (?, ?, ?, ?, ?, ?)"
KEPT = Alert(
    fingerprint="sound",
    status="firing",
    name="SoundAlert",
    severity="critical",
    service="web",
    summary="",
    description="",
    runbook_url="",
    generator_url="",
    labels={"alertname": "SoundAlert", "severity": "critical"},
    annotations={},
    starts_at=datetime(2026, 11, 22, tzinfo=UTC),
    ends_at=None,
    updated_at=datetime(2026, 11, 22, tzinfo=UTC),
)


def post(console: Built, *alerts: dict[str, Any]) -> int:
    answer = console.client.post("/api/alerts", data=json.dumps(batch(*alerts)).encode(), headers=GOOD)
    return answer.status_code


def drawn(console: Built) -> str:
    console.read("inbox")
    page = console.client.get("/")
    assert page.status_code == 200
    assert console.client.get("/api/state").status_code == 200
    assert console.client.get("/api/alerts?limit=1000").status_code == 200
    assert console.client.get("/metrics").status_code == 200
    painter = Painter(console.app.jinja_env, console.state, Undrawn(console.parts.counters.unreadable))
    panels = "".join(str(panel.html) for panel in painter.panels())  # the page's own are drawn again after a while only
    return page.get_data(as_text=True) + panels


@pytest.mark.parametrize("moment", ENDS)
@pytest.mark.parametrize("status", ["firing", "resolved"])
def test_a_time_that_no_zone_can_tell_does_not_blind_the_alerts_beside_it(
    alone: Built, moment: str, status: str
) -> None:
    nasty = alert(status=status, startsAt=moment, endsAt=moment, fingerprint="nasty", labels={"alertname": "Nasty"})
    assert post(alone, nasty, alert()) == 200
    page = drawn(alone)
    assert BLIND not in page
    assert "ServiceDown" in page
    assert "Nasty" in page
    assert "Not as it was sent: startsAt" in page


def test_the_end_that_alertmanager_gives_a_firing_alert_is_no_fault(alone: Built) -> None:
    assert post(alone, alert(endsAt="0001-01-01T00:00:00Z")) == 200
    (kept,) = alone.client.get("/api/alerts").get_json()["alerts"]
    assert (kept["ends_at"], kept["bounded"]) == (None, [])


def test_a_repeated_alert_of_a_bounded_time_stays_one_row(alone: Built) -> None:
    for _ in range(3):
        assert post(alone, alert(startsAt=ENDS[0])) == 200
    assert len(alone.client.get("/api/alerts").get_json()["alerts"]) == 1


def _row(kept: Alert, body: object = None) -> tuple[object, ...]:
    content = wire.encode(kept) if body is None else body
    return ("group", kept.fingerprint, text_of(kept.starts_at), kept.status, text_of(kept.updated_at), content)


def _poisoned(file: Path) -> None:
    """Writes an inbox as an earlier version did, with rows that blinded it and rows that nobody can read."""
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as connection:
        connection.execute(OLD_TABLE)
        connection.execute("CREATE TABLE heartbeat (only_row INTEGER PRIMARY KEY, received_at TEXT NOT NULL)")
        connection.execute("INSERT INTO heartbeat VALUES (1, 'yesterday')")
        poison = msgspec.structs.replace(
            KEPT, fingerprint="poison", name="Poison", starts_at=datetime.fromisoformat(ENDS[0])
        )
        rows = [_row(KEPT), _row(poison)]
        for number, body in enumerate((b"{", b"", b"\xff", "text", 7, b'{"name":1}', wire.encode(KEPT)[:-9])):
            rows.append(_row(msgspec.structs.replace(KEPT, fingerprint=f"broken-{number}"), body))
        connection.executemany(INSERT, rows)
    connection.close()


def test_an_inbox_poisoned_before_the_update_heals_and_shows_what_it_can(tmp_path: Path) -> None:
    file = tmp_path / "old" / "alerts.sqlite"
    _poisoned(file)
    (verifier := tmp_path / "verifier").write_text(verifier_of(ALERT_TOKEN))
    files = dict.fromkeys(("SPARK_ALERT_VERIFIER_FILE", "SPARK_OPERATOR_VERIFIER_FILE"), str(verifier))
    healed = build(Settings.from_environment({**files, "SPARK_DATA_DIR": str(file.parent)}))
    page = drawn(healed)
    assert BLIND not in page
    assert "SoundAlert" in page
    assert "Poison" in page
    assert page.count("(unreadable)") == 2 * 7
    assert "web_inbox_unreadable_alerts 7.0" in healed.client.get("/metrics").get_data(as_text=True)
    assert {kept.name for kept in AlertInbox(file).newest(10) if not kept.bounded} == {"SoundAlert"}
    assert post(healed, alert()) == 200
    assert "ServiceDown" in drawn(healed)


@pytest.fixture
def inbox(tmp_path: Path) -> AlertInbox:
    return AlertInbox(tmp_path / "data" / "alerts.sqlite", keep=4)


def _kept(fingerprint: str, status: str, severity: str, minute: int) -> Alert:
    at = KEPT.updated_at + timedelta(minutes=minute)
    return msgspec.structs.replace(KEPT, fingerprint=fingerprint, status=status, severity=severity, updated_at=at)


def test_a_full_inbox_drops_the_resolved_and_the_old_before_a_firing_critical(inbox: AlertInbox) -> None:
    old_critical = _kept("old-critical", "firing", "critical", 0)
    inbox.take([old_critical, _kept("old-warning", "firing", "warning", 1)], "resolved", heartbeat_at=KEPT.updated_at)
    inbox.take([_kept("resolved", "resolved", "critical", 2), _kept("warning", "firing", "warning", 3)], "resolved")
    assert inbox.take([_kept("new-warning", "firing", "warning", 4)], "resolved") == ["resolved"]
    assert inbox.take([_kept("new-resolved", "resolved", "critical", 5)], "resolved") == ["resolved"]
    assert inbox.take([_kept("newer-warning", "firing", "warning", 6)], "resolved") == ["firing"]
    left = [kept.fingerprint for kept in inbox.contents(10).alerts]
    assert left == ["old-critical", "newer-warning", "new-warning", "warning"]
    assert inbox.heard()[0] == KEPT.updated_at


def test_a_full_inbox_says_what_it_dropped(alone: Built) -> None:
    many = [alert(fingerprint=f"{number}", status="resolved", annotations={}) for number in range(1_001)]
    answer = alone.client.post("/api/alerts", data=json.dumps(batch(*many)).encode(), headers=GOOD)
    assert answer.get_json() == {"market": "simulated", "stored": 1_001, "dropped": 1}
    assert 'web_alerts_dropped_total{status="resolved"} 1.0' in alone.client.get("/metrics").get_data(as_text=True)


def test_a_critical_is_shown_before_a_flood_of_others(alone: Built) -> None:
    assert post(alone, alert(labels={"alertname": "RealOne", "severity": "critical", "service": "web"})) == 200
    flood = [alert(fingerprint=f"{number}", labels={"alertname": "Noise", "severity": "info"}) for number in range(50)]
    assert post(alone, *flood) == 200
    assert "RealOne" in drawn(alone)


def test_what_is_shown_is_kept_before_other_labels_and_an_alert_has_a_bounded_size(alone: Built) -> None:
    labels = {f"a{number:03}": "x" * 2_000 for number in range(200)} | {"severity": "critical", "alertname": "Real"}
    assert post(alone, alert(labels=labels)) == 200
    (kept,) = alone.client.get("/api/alerts").get_json()["alerts"]
    assert (kept["name"], kept["severity"], kept["bounded"]) == ("Real", "critical", ["labels"])
    assert sum(map(len, kept["labels"].values())) <= 16 * 1024


TIMES = st.one_of(
    st.sampled_from(ENDS),
    st.datetimes(timezones=st.timezones() | st.just(UTC)).map(lambda at: at.replace(tzinfo=UTC).isoformat()),
)
WORDS = st.text(max_size=30) | st.sampled_from(["\u202eevil", "\x00", "a\nb", "\ufeff", "<script>", "x" * 5_000])
NASTY_ALERTS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(["firing", "resolved"]),
        "startsAt": TIMES,
        "endsAt": TIMES,
        "fingerprint": WORDS,
        "generatorURL": WORDS,
        "labels": st.dictionaries(WORDS | st.sampled_from(["alertname", "severity", "service"]), WORDS, max_size=5),
        "annotations": st.dictionaries(WORDS | st.sampled_from(["summary", "runbook_url"]), WORDS, max_size=5),
    }
)


@pytest.mark.slow
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(NASTY_ALERTS, max_size=3))
def test_whatever_the_webhook_takes_every_view_draws(alone: Built, nasty: list[dict[str, Any]]) -> None:
    assert post(alone, *nasty, alert()) in (200, 422)
    page = drawn(alone)
    assert BLIND not in page
    assert view.UNREADABLE not in page
    assert "ServiceDown" in page
    assert not set(page) & set("\u202e\x00\ufeff")


DECIMALS = st.sampled_from(["1e400", "-1e400", "1e-400", "9" * 999, "0." + "0" * 998 + "1", "-0", "1e18", "0"]).map(
    Decimal
)
AGES = st.sampled_from([0.0, -1e300, 1e300, 1e308, 5e-324, 86_400.0 * 365 * 9_999])


@st.composite
def quotes(draw: st.DrawFn) -> wire.Quote:
    def price() -> Decimal | None:
        return draw(DECIMALS | st.none())

    return wire.Quote(
        symbol="BTCTURK:NASTY",
        market="simulated",
        source="venue",
        delayed=False,
        sequence=1,
        received_at=draw(st.datetimes(timezones=st.just(UTC))),
        bid=price(),
        bid_quantity=price(),
        ask=price(),
        ask_quantity=price(),
        last=price(),
        daily_change_percent=price(),
        age_seconds=draw(AGES),
        stale=False,
    )


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(quotes())
def test_a_nasty_quote_is_drawn_or_named_and_the_others_are_drawn(alone: Built, nasty: wire.Quote) -> None:
    sound = msgspec.structs.replace(
        nasty,
        symbol="BTCTURK:SOUND",
        bid=Decimal(5),
        ask=Decimal(6),
        last=None,
        age_seconds=0.0,
        bid_quantity=Decimal(1),
    )
    alone.state.quotes.start_over([nasty, msgspec.structs.replace(sound, ask_quantity=None, daily_change_percent=None)])
    page = drawn(alone)
    assert "SOUND" in page
    assert "NASTY" in page
    assert BLIND not in page
    assert len(page) < 60_000, "a number of a thousand digits is told by its size"


@pytest.mark.parametrize("moment", [datetime.fromisoformat(moment) for moment in ENDS])
@pytest.mark.parametrize("name", ["clock", "moment"])
def test_a_filter_names_the_time_that_it_can_not_tell(alone: Built, name: str, moment: datetime) -> None:
    shown = alone.app.jinja_env.filters[name](moment)
    assert shown == view.UNREADABLE or shown.startswith(("00:00", "23:59", "0001", "1-01", "9999"))


@given(st.datetimes(timezones=st.timezones()) | st.sampled_from([datetime.fromisoformat(moment) for moment in ENDS]))
@example(datetime(1, 1, 1))  # noqa: DTZ001 - a time without a zone
def test_a_bounded_time_can_be_told_anywhere(moment: datetime) -> None:
    kept = moments.bounded(moment)
    assert moments.EARLIEST <= kept <= moments.LATEST
    assert kept.astimezone(SYSTEM_CLOCK.now().astimezone().tzinfo)
    assert not moments.in_span(moment) or kept == moments.bounded(kept)


@given(st.text(alphabet=st.characters(), max_size=50), st.integers(0, 20))
def test_a_shown_text_is_bounded_and_every_character_of_it_is_seen(text: str, most: int) -> None:
    kept = texts.shown(text, most)
    assert kept.isprintable()
    assert len(kept) <= most
