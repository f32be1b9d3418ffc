"""A chart is asked for in a fixed way, kept some seconds for all readers, and told as old when Prometheus is away."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest

from common.clock import Clock
from tests.web.prometheus_world import Prometheus as World
from tests.web.standin_server import Answer
from web.charts import FAILED_SECONDS, KEEP_SECONDS, MOST_PLOTS, STEP_SECONDS, WAIT_SECONDS, WINDOW_SECONDS, Charts
from web.prometheus import MOST_SERIES, Prometheus

START = 1_796_000_415.0


class Hand:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.passed = 0.0
        self.clock = Clock(lambda: 1000 + self.passed, lambda: START + self.passed)


@pytest.fixture(scope="module")
def started() -> Iterator[World]:
    world = World()
    yield world
    world.stop()


@pytest.fixture
def world(started: World) -> World:
    started.reset()
    return started


@pytest.fixture
def hand() -> Hand:
    return Hand()


@pytest.fixture
def charts(world: World, hand: Hand) -> Charts:
    return Charts(Prometheus(world.server.url), hand.clock)


def test_the_expressions_are_those_of_the_rule_over_a_fixed_time(charts: Charts, world: World) -> None:
    told = charts.of("DescriptorsNearLimit")
    assert told.chart is not None
    assert told.reason == ""
    assert world.queries() == ["process_open_fds / process_max_fds", 'ALERTS{alertname="DescriptorsNearLimit"}']
    asked = [each.query for each in world.server.asked if each.path == "/api/v1/query_range"]
    end = START // STEP_SECONDS * STEP_SECONDS
    for query in asked:
        assert (float(query["start"]), float(query["end"])) == (end - WINDOW_SECONDS, end)
        assert (query["step"], query["limit"]) == (str(STEP_SECONDS), str(MOST_SERIES))
    assert told.chart.end == datetime.fromtimestamp(end, UTC)


def test_a_chart_is_kept_for_some_seconds_for_all_readers(charts: Charts, world: World, hand: Hand) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: charts.of("LedgerDown"), range(8)))
    assert len(world.queries()) == 2
    assert all(each is found[0] for each in found)
    hand.passed = KEEP_SECONDS - 1
    assert charts.of("LedgerDown") is found[0]
    hand.passed = KEEP_SECONDS
    assert charts.of("LedgerDown") is not found[0]
    assert len(world.queries()) == 4


def test_an_alert_of_many_conditions_draws_a_few(charts: Charts, world: World) -> None:
    told = charts.of("ScrapeNearLimit")
    assert told.chart is not None
    assert (len(told.chart.plots), len(told.chart.others)) == (MOST_PLOTS, 2)
    assert len(world.queries()) == MOST_PLOTS + 1


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (Answer(b"", 503), "Prometheus answered 503"),
        (Answer(b"{", 200), "Prometheus answered what can't be read: "),
        (Answer(b'{"data":{"groups":7}}', 200), "Prometheus answered what can't be read: "),
        (Answer(b"\xff", 200), "Prometheus answered what can't be read: "),
    ],
)
def test_prometheus_that_answers_badly_is_told_with_the_age_of_what_is_kept(
    charts: Charts, world: World, hand: Hand, answer: Answer, reason: str
) -> None:
    good = charts.of("LedgerDown")
    world.answered, hand.passed = answer, KEEP_SECONDS
    told = charts.of("LedgerDown")
    assert (told.chart, told.at) == (good.chart, good.at)
    assert told.reason.startswith(reason)
    assert charts.of("TapeOff").chart is None


def test_prometheus_that_failed_is_asked_again_after_some_seconds(charts: Charts, world: World, hand: Hand) -> None:
    world.answered = Answer(b"", 503)
    for alert in ("LedgerDown", "TapeOff", "LedgerDown"):
        assert charts.of(alert).reason == "Prometheus answered 503"
    assert len(world.server.asked) == 1
    world.answered, hand.passed = None, FAILED_SECONDS
    assert charts.of("LedgerDown").chart is not None


def test_a_rule_that_prometheus_lacks_is_said_and_holds_up_no_other(charts: Charts, world: World) -> None:
    del world.rules["LedgerDown"]
    told = charts.of("LedgerDown")
    assert (told.chart, told.reason) == (None, "Prometheus has no rule of this name")
    assert charts.of("TapeOff").chart is not None


def test_a_slow_prometheus_is_given_up_between_two_questions(world: World, hand: Hand) -> None:
    class Slow(Prometheus):
        def values(self, *_: object) -> tuple[()]:
            hand.passed += WAIT_SECONDS + 1
            return ()

    told = Charts(Slow(world.server.url), hand.clock).of("ScrapeNearLimit")
    assert told.reason == "Prometheus answers too slowly"
    assert hand.passed == WAIT_SECONDS + 1


def test_a_page_waits_for_another_ones_question_for_a_bounded_time(world: World, hand: Hand) -> None:
    asked, go_on = threading.Event(), threading.Event()

    class Hanging(Prometheus):
        def values(self, *_: object) -> tuple[()]:
            asked.set()
            assert go_on.wait(30)
            return ()

    charts = Charts(Hanging(world.server.url), hand.clock, wait_seconds=0.05)
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(charts.of, "LedgerDown")
        assert asked.wait(30)
        assert charts.of("TapeOff").reason == "another chart is being asked for, and that takes long"
        go_on.set()
        assert first.result(30).chart is not None
