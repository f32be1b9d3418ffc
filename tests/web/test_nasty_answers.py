"""Whatever values another service answers with, every panel is drawn: a value that can't be shown is named."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest

from tests.web.api.test_reports import POSITION
from tests.web.conftest import Built
from tests.web.console import Surroundings
from web.cells import Cell
from web.panels import Painter
from web.undrawn import Undrawn

NASTY: dict[type, list[Any]] = {
    datetime: [
        datetime.fromisoformat("0001-01-01T00:00:00+23:59"),
        datetime.fromisoformat("9999-12-31T23:59:59-23:59"),
        datetime.min.replace(tzinfo=UTC),
    ],
    Decimal: [Decimal("9" * 900), Decimal("1e-900"), Decimal("-1e900"), Decimal("-0"), Decimal("NaN"), Decimal("sNaN")],
    float: [1e308, -1e308, 5e-324],
    int: [2**63, -(2**63)],
    str: ["", "\u202eabc", "x" * 10_000, "<b>&\"'", "\x00\n"],
}
CELLS = ("orders", "account", "valuation", "controls", "canary", "evidence", "inbox", "instruments")


def poisoned(value: Any, choice: int) -> Any:
    """Returns the value with every part of it that has a nasty one of its kind replaced by that."""
    if isinstance(value, msgspec.Struct):
        fields = {name: poisoned(getattr(value, name), choice) for name in value.__struct_fields__}
        return msgspec.structs.replace(value, **fields)
    if isinstance(value, tuple):
        return tuple(poisoned(part, choice) for part in value)
    if isinstance(value, dict):
        return {poisoned(name, choice): poisoned(part, choice) for name, part in value.items()}
    choices = NASTY.get(type(value))
    return value if choices is None else choices[choice % len(choices)]


def _panels(console: Built) -> dict[str, str]:
    painter = Painter(console.app.jinja_env, console.state, Undrawn(console.parts.counters.unreadable))
    return {panel.name: str(panel.html) for panel in painter.panels()}


@pytest.mark.slow
@pytest.mark.parametrize("choice", range(6))
@pytest.mark.parametrize("name", CELLS)
def test_a_panel_of_nasty_values_is_drawn_and_so_are_the_others(
    built: Built, around: Surroundings, name: str, choice: int
) -> None:
    around.executors[0].positions.append(POSITION)
    built.read()
    cell: Cell[Any] = getattr(built.state, name)
    assert cell.reading.value is not None
    cell.put(poisoned(cell.reading.value, choice))
    panels = _panels(built)
    assert [panel for panel, html in panels.items() if "could not be drawn" in html] == []
    for path in ("/", "/api/state", "/metrics"):
        assert built.client.get(path).status_code == 200


def test_a_value_that_can_not_be_shown_is_named_counted_and_logged(
    built: Built, around: Surroundings, caplog: pytest.LogCaptureFixture
) -> None:
    built.read()
    before = built.state.canary.reading.value
    assert before is not None
    built.state.canary.put(msgspec.structs.replace(before, last_pass=NASTY[datetime][0], checked_at=None))
    assert "unreadable" in _panels(built)["canary"]
    assert "web_unreadable_total 0.0" not in built.client.get("/metrics").get_data(as_text=True)
    assert "a value could not be drawn" in caplog.text
