"""A round over several targets, some of which are broken."""

from __future__ import annotations

import time

from canary.observation import ProbeAnswer
from canary.probes.catalogue import probes_of
from canary.probes.prober import Prober
from canary.settings import Target
from common.clock import SYSTEM_CLOCK
from tests.canary.servers import Site, closed_port, raw_server


def prober(targets: dict[str, str], timeout: float = 10.0, got: list[ProbeAnswer] | None = None) -> Prober:
    probes = probes_of(Target(name, url) for name, url in targets.items())
    return Prober(probes, timeout, SYSTEM_CLOCK, (got if got is not None else []).append)


def test_a_round_asks_everything_once_and_keeps_the_order(site: Site) -> None:
    fetched = prober({"web": site.url, "marketdata": site.url}).round()
    assert [(one.answer.target, one.answer.check) for one in fetched] == [
        ("web", "healthz"),
        ("web", "readyz"),
        ("web", "metrics"),
        ("web", "page"),
        ("marketdata", "healthz"),
        ("marketdata", "readyz"),
        ("marketdata", "metrics"),
        ("marketdata", "quotes"),
    ]
    assert {one.answer.outcome for one in fetched} == {"answered"}
    assert len(site.asked) == 8


def test_each_answer_is_told_as_it_comes(site: Site) -> None:
    got: list[ProbeAnswer] = []
    prober({"web": site.url}, got=got).round()
    assert sorted(one.check for one in got) == ["healthz", "metrics", "page", "readyz"]


def test_a_hanging_target_costs_the_others_nothing_and_the_round_ends() -> None:
    site = Site()
    try:
        with raw_server(lambda connection: connection.recv(1)) as hanging:
            begin = time.monotonic()
            fetched = prober({"web": hanging, "venue": site.url}, timeout=1.0).round()
            assert time.monotonic() - begin < 10
        outcomes = {name: {o.answer.outcome for o in fetched if o.answer.target == name} for name in ("web", "venue")}
        assert outcomes == {"web": {"timed_out"}, "venue": {"answered"}}
    finally:
        site.stop()


def test_probes_that_get_no_turn_are_called_not_asked() -> None:
    with raw_server(lambda connection: connection.recv(1)) as hanging:
        targets = {f"service-{number}": hanging for number in range(20)}
        outcomes = [one.answer.outcome for one in prober(targets, timeout=0.2).round()]
    assert len(outcomes) == 60
    assert outcomes[0] == "timed_out"
    assert outcomes[-1] == "not_asked"


def test_a_burst_sends_the_quick_probes_as_often_as_wanted(site: Site) -> None:
    answers = prober({"web": site.url, "venue": site.url}).burst({"web": 5, "venue": 2})
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
    answers = prober({"web": f"http://127.0.0.1:{closed_port()}"}).burst({"web": 20})
    assert [one.outcome for one in answers] == ["failed"]
