"""A fresh measurement takes what the spread needs, within its time, and waits for nobody who does not answer."""

from __future__ import annotations

from collections import Counter

from canary.fresh_run import measure
from canary.latency import BLOCK, FEWEST_BLOCKS
from common.build import Build
from common.clock import SYSTEM_CLOCK
from tests.canary.servers import Engine, Site, closed_port
from tests.canary.test_observer import observer

BUILD = Build(version="1.2.3", revision="abc", source="0")


def test_each_check_that_is_quick_gets_at_least_twelve_blocks(site: Site, engine: Engine) -> None:
    told: list[str] = []
    run = measure(observer(engine.url, {"web": site.url}), BUILD, SYSTEM_CLOCK, told.append)
    taken = Counter(one.check for one in run.samples)
    assert min(taken["healthz"], taken["page"]) >= FEWEST_BLOCKS * BLOCK
    assert (taken["metrics"], taken["readyz"]) == (1, 1)
    assert (run.name, run.version, run.revision) == ("now", "1.2.3", "abc")
    assert [line.partition(":")[0] for line in told] == [f"burst {number + 1}" for number in range(len(told))]


def test_no_burst_begins_after_the_time_is_over(site: Site, engine: Engine) -> None:
    told: list[str] = []
    run = measure(observer(engine.url, {"web": site.url}), BUILD, SYSTEM_CLOCK, told.append, seconds=0.0)
    assert (len(run.samples), len(told)) == (4 + 20, 1)


def test_a_target_that_does_not_answer_is_not_waited_for(site: Site, engine: Engine) -> None:
    down = f"http://127.0.0.1:{closed_port()}"
    told: list[str] = []
    alone = measure(observer(engine.url, {"web": down}), BUILD, SYSTEM_CLOCK, told.append)
    assert (len(alone.samples), {one.outcome for one in alone.samples}) == (4 + len(told), {"failed"})
    both = measure(observer(engine.url, {"web": down, "venue": site.url}), BUILD, SYSTEM_CLOCK, told.append)
    taken = Counter((one.target, one.outcome) for one in both.samples)
    assert taken["venue", "answered"] >= FEWEST_BLOCKS * BLOCK
    assert taken["web", "failed"] >= FEWEST_BLOCKS
