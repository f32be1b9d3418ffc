"""A round over several targets, some of which are broken."""

from __future__ import annotations

import time

from canary.observation import ProbeAnswer
from canary.probes.fetch import RawAnswer
from canary.probes.plan import Probe
from canary.probes.prober import Prober
from common.clock import SYSTEM_CLOCK
from tests.canary.build import HandClock, plan
from tests.canary.servers import Site, closed_port, raw_server

EVERY = """
[targets]
web = "http://web:1"

[[probe]]
name = "now-and-then"
targets = ["web"]
path = "/healthz"
every = "60s"
conditions = ['[STATUS] == 200']

[[probe]]
name = "metrics"
kind = "metrics"
targets = ["web"]
path = "/metrics"
conditions = ['[FELL] == "none"']
"""


def prober(timeout: float = 10.0, got: list[ProbeAnswer] | None = None) -> Prober:
    return Prober(timeout, SYSTEM_CLOCK, (got if got is not None else []).append)


def probes(targets: dict[str, str], text: str | None = None) -> tuple[Probe, ...]:
    return plan(targets, text).probes if text else plan(targets).probes


def round_of(targets: dict[str, str], timeout: float = 10.0, got: list[ProbeAnswer] | None = None) -> list[RawAnswer]:
    return prober(timeout, got).round(probes(targets))


def test_a_round_asks_everything_once_and_keeps_the_order(site: Site) -> None:
    fetched = round_of({"web": site.url, "marketdata": site.url})
    assert [(one.answer.target, one.answer.check) for one in fetched] == [
        ("web", "healthz"),
        ("web", "metrics"),
        ("web", "page"),
        ("web", "readyz"),
        ("marketdata", "healthz"),
        ("marketdata", "metrics"),
        ("marketdata", "readyz"),
        ("marketdata", "quotes"),
    ]
    assert {one.answer.outcome for one in fetched} == {"answered"}
    assert len(site.asked) == 8


def test_each_answer_is_told_as_it_comes(site: Site) -> None:
    got: list[ProbeAnswer] = []
    round_of({"web": site.url}, got=got)
    assert sorted(one.check for one in got) == ["healthz", "metrics", "page", "readyz"]


def test_a_hanging_target_costs_the_others_nothing_and_the_round_ends() -> None:
    site = Site()
    try:
        with raw_server(lambda connection: connection.recv(1)) as hanging:
            begin = time.monotonic()
            fetched = round_of({"web": hanging, "venue": site.url}, timeout=1.0)
            assert time.monotonic() - begin < 10
        outcomes = {name: {o.answer.outcome for o in fetched if o.answer.target == name} for name in ("web", "venue")}
        assert outcomes == {"web": {"timed_out"}, "venue": {"answered"}}
    finally:
        site.stop()


def test_probes_that_get_no_turn_are_called_not_asked() -> None:
    with raw_server(lambda connection: connection.recv(1)) as hanging:
        many = probes({"web": hanging, "marketdata": hanging, "venue": hanging}) * 6
        outcomes = [one.answer.outcome for one in prober(timeout=0.2).ask(many)]
    assert len(outcomes) == 60
    assert outcomes[0] == "timed_out"
    assert outcomes[-1] == "not_asked"


def test_a_probe_that_is_not_due_keeps_its_answer(site: Site) -> None:
    hand = HandClock()
    asking, wanted = Prober(10.0, hand.clock(), lambda _answer: None), probes({"web": site.url}, EVERY)
    for moved in (0.0, 59.0, 1.0):
        hand.seconds += moved
        asking.round(wanted)
    assert (site.asked.count("/healthz"), site.asked.count("/metrics")) == (2, 3)


def test_a_probe_that_failed_is_due_at_the_next_round_whatever_its_interval(site: Site) -> None:
    asking, wanted = prober(), probes({"web": site.url}, EVERY)
    asking.round(wanted)
    asking.hurry(wanted[:1])
    asking.round(wanted)
    assert site.asked.count("/healthz") == 2


def exposed(started: float, orders: float) -> tuple[int, str, bytes]:
    text = f"process_start_time_seconds {started}\n# TYPE orders_total counter\norders_total {orders}\n"
    return 200, "text/plain", text.encode()


def test_a_counter_that_falls_without_a_new_start_is_told_with_both_values(site: Site) -> None:
    asking, wanted = prober(), probes({"web": site.url}, EVERY)
    told = []
    for started, orders in ((1.5, 7), (1.5, 7), (1.5, 3), (1.5, 4), (9.5, 1)):
        site.routes["/metrics"] = exposed(started, orders)
        fell = asking.round(wanted)[1].answer.fell
        told.append([(one.series, one.before, one.after) for one in fell])
    assert told == [[], [], [("orders_total", 7.0, 3.0)], [], []]


def test_a_burst_sends_the_quick_probes_as_often_as_wanted(site: Site) -> None:
    wanted = probes({"web": site.url, "venue": site.url})
    answers = prober().burst(wanted, {"web": 5, "venue": 2})
    assert sorted((one.target, one.check) for one in answers) == [
        ("venue", "healthz"),
        ("venue", "healthz"),
        ("web", "healthz"),
        ("web", "healthz"),
        ("web", "healthz"),
        ("web", "page"),
        ("web", "page"),
    ]


def test_a_burst_leaves_a_target_alone_after_its_first_failure() -> None:
    answers = prober().burst(probes({"web": f"http://127.0.0.1:{closed_port()}"}), {"web": 20})
    assert [one.outcome for one in answers] == ["failed"]
