from __future__ import annotations

from decimal import Decimal

import msgspec

from common.answers import Unpriced
from tests.web.api.test_reports import POSITION
from tests.web.conftest import Built
from tests.web.console import Surroundings
from web.panels import Painter
from web.undrawn import Undrawn


def html(built: Built, name: str) -> str:
    painter = Painter(built.app.jinja_env, built.state, Undrawn(built.parts.counters.unreadable))
    return next(panel.html for panel in painter.panels() if panel.name == name)


def test_a_stale_mark_is_said_beside_the_sums(built: Built, around: Surroundings) -> None:
    around.executors[0].unpriced = (Unpriced(symbol="BTCTURK:USDTTRY", reason="the quote is stale, 42.0 s old"),)
    built.read()
    assert "Not fully priced." in html(built, "portfolio")
    assert "BTCTURK:USDTTRY: the quote is stale" in html(built, "portfolio")


def test_positions_are_shown_at_the_executors_marks_in_its_currency(built: Built, around: Surroundings) -> None:
    around.executors[0].positions.append(POSITION)
    built.read("valuation", "account")
    for text in ("3,272,525.00", "2,062,500.00", "+62,500.00", "Value, TRY", "BTC/TRY"):
        assert text in html(built, "portfolio")
    assert html(built, "currency") == "valued in TRY"


def test_a_cheap_coin_is_shown_at_its_price_in_plain_digits(built: Built, around: Surroundings) -> None:
    cheap = msgspec.structs.replace(POSITION, average_cost=Decimal("1.234E-7"), mark=Decimal("1E-8"))
    around.executors[0].positions.append(cheap)
    built.read("valuation", "account")
    panel = html(built, "portfolio")
    assert "0.000000123" in panel
    assert "0.00000001" in panel
    assert "E-" not in panel
    report = built.client.get("/api/tools/risk-report").get_data(as_text=True)
    assert '"average_cost":"0.0000001234"' in report
    assert '"mark":"0.00000001"' in report


def test_an_executor_that_is_away_leaves_the_last_valuation_with_its_reason(built: Built, around: Surroundings) -> None:
    around.executors[0].positions.append(POSITION)
    built.read("valuation", "account")
    around.executors[0].stop()
    built.read("valuation", "account")
    panel = html(built, "portfolio")
    assert "The account can't be read: executor-1" in panel
    assert "The last answer is shown." in panel
    assert "2,062,500.00" in panel


def test_an_engaged_kill_switch_is_loud(built: Built, around: Surroundings) -> None:
    around.executors[0].kill_switch = True
    built.read()
    assert "Kill switch engaged." in html(built, "portfolio")
    assert "HALTED" in html(built, "glance")


def test_a_held_account_is_loud_with_its_code_and_reason(built: Built, around: Surroundings) -> None:
    built.read()
    assert "ACTIVE" in html(built, "controls")
    assert "alarm" not in html(built, "glance")
    around.executors[0].hold("DRAWDOWN", "HALTED", "the equity fell by 21 <percent>")
    built.read()
    for name in ("controls", "glance"):
        assert "HALTED" in html(built, name)
        assert "DRAWDOWN" in html(built, name)
        assert "the equity fell by 21 &lt;percent&gt;" in html(built, name)
    assert "Trading HALTED" in html(built, "glance")


def test_a_symbols_kill_switch_is_told_with_its_reason(built: Built, around: Surroundings) -> None:
    around.executors[0].switches = {"BTCTURK:BTCTRY": "odd prices"}
    built.read()
    assert "Kill switch ENGAGED" in html(built, "glance")
    assert "kill switch of 1 symbol" in html(built, "glance")
    for name in ("controls", "glance"):
        assert "BTCTURK:BTCTRY" in html(built, name)
        assert "odd prices" in html(built, name)


def test_a_dead_service_has_its_reason_and_its_last_answer(built: Built, around: Surroundings) -> None:
    built.read()
    around.canary.stop()
    built.read()
    panel = html(built, "services")
    assert "no answer" in panel
    assert "does not answer (" in panel
    assert "last answer: 20" in panel
    assert "4 of 5" in html(built, "glance")


def test_a_panel_that_cannot_be_drawn_leaves_the_others_alone(built: Built) -> None:
    built.read()
    built.app.jinja_env.filters["size"] = None
    assert "could not be drawn" in html(built, "canary")
    assert "executor-1" in html(built, "services")


def test_a_panel_is_drawn_again_only_for_news(built: Built) -> None:
    built.read()
    painter = Painter(built.app.jinja_env, built.state, Undrawn(built.parts.counters.unreadable))
    first = {panel.name: panel.html for panel in painter.panels()}
    second = {panel.name: panel.html for panel in painter.panels()}
    assert all(first[name] == second[name] for name in first)
