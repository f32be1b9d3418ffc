from __future__ import annotations

import pytest

from tests.web.conftest import Built
from tests.web.console import Surroundings
from web.messages import CanaryStatus, Container
from web.panels import Painter, container_rows


def html(built: Built, name: str) -> str:
    painter = Painter(built.app.jinja_env, built.known)
    return next(panel.html for panel in painter.panels() if panel.name == name)


def test_a_stale_mark_is_said_beside_the_sums(built: Built, around: Surroundings) -> None:
    around.market.age = 42.0
    built.look()
    assert "Not fully priced." in html(built, "portfolio")
    assert "BTCTURK:USDTTRY: the quote is stale" in html(built, "portfolio")


def test_an_engaged_kill_switch_is_loud(built: Built, around: Surroundings) -> None:
    around.executors[0].kill_switch = True
    built.look()
    assert "Kill switch engaged." in html(built, "portfolio")
    assert "HALTED" in html(built, "glance")


def test_a_held_account_is_loud_with_its_code_and_reason(built: Built, around: Surroundings) -> None:
    built.look()
    assert "ACTIVE" in html(built, "controls")
    assert "alarm" not in html(built, "glance")
    around.executors[0].hold("DRAWDOWN", "HALTED", "the equity fell by 21 <percent>")
    built.look()
    for name in ("controls", "glance"):
        assert "HALTED" in html(built, name)
        assert "DRAWDOWN" in html(built, name)
        assert "the equity fell by 21 &lt;percent&gt;" in html(built, name)
    assert "Trading HALTED" in html(built, "glance")


def test_a_symbols_kill_switch_is_told_with_its_reason(built: Built, around: Surroundings) -> None:
    around.executors[0].switches = {"BTCTURK:BTCTRY": "odd prices"}
    built.look()
    assert "Kill switch ENGAGED" in html(built, "glance")
    assert "kill switch of 1 symbol" in html(built, "glance")
    for name in ("controls", "glance"):
        assert "BTCTURK:BTCTRY" in html(built, name)
        assert "odd prices" in html(built, name)


def test_a_dead_service_has_its_reason_and_its_last_answer(built: Built, around: Surroundings) -> None:
    built.look()
    around.canary.stop()
    built.look()
    panel = html(built, "services")
    assert "no answer" in panel
    assert "does not answer (" in panel
    assert "last answer: 20" in panel
    assert "4 of 5" in html(built, "glance")


def test_a_panel_that_cannot_be_drawn_leaves_the_others_alone(built: Built) -> None:
    built.look()
    built.app.jinja_env.filters["size"] = None
    assert "could not be drawn" in html(built, "canary")
    assert "executor-1" in html(built, "services")


def test_a_panel_is_drawn_again_only_for_news(built: Built) -> None:
    built.look()
    painter = Painter(built.app.jinja_env, built.known)
    first = {panel.name: panel.html for panel in painter.panels()}
    second = {panel.name: panel.html for panel in painter.panels()}
    assert all(first[name] == second[name] for name in first)


@pytest.mark.parametrize(
    ("container", "word", "state"),
    [
        (Container(service="a", state="running", health="healthy"), "healthy", "good"),
        (Container(service="a", state="running", health=None), "running", "good"),
        (Container(service="a", state="running", health="starting"), "starting", "warn"),
        (Container(service="a", state="running", health="unhealthy"), "unhealthy", "bad"),
        (Container(service="a", state="exited", exit_code=0), "done", "good"),
        (Container(service="a", state="exited", exit_code=137), "exited", "bad"),
        (Container(service="a", state="restarting"), "restarting", "bad"),
    ],
)
def test_a_container_is_told_in_one_word(container: Container, word: str, state: str) -> None:
    (row,) = container_rows(CanaryStatus(market="simulated", verdict="PASS", containers=(container,)))
    assert (row.word, row.state) == (word, state)


@pytest.mark.parametrize(("containers", "word"), [(None, "unknown"), ((), "not seen")])
def test_a_service_without_a_container_is_listed_too(containers: tuple[Container, ...] | None, word: str) -> None:
    status = CanaryStatus(market="simulated", verdict="FAIL", metrics_bytes={"web": 10}, containers=containers)
    assert [(row.name, row.word, row.metrics_bytes) for row in container_rows(status)] == [("web", word, 10)]
