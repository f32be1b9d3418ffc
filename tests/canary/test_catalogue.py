"""The probes that each target gets."""

from __future__ import annotations

from canary.probes.catalogue import probes_of, quick_probes
from canary.settings import Settings, Target


def urls(name: str) -> list[str]:
    return [one.url for one in probes_of([Target(name, "http://h:1")])]


def test_every_service_of_ours_is_asked_for_health_readiness_and_metrics() -> None:
    assert urls("executor-1") == ["http://h:1/healthz", "http://h:1/readyz", "http://h:1/metrics"]


def test_the_console_is_asked_for_its_page_and_marketdata_for_its_quotes() -> None:
    assert urls("web")[-1] == "http://h:1/"
    assert urls("marketdata")[-1] == "http://h:1/v1/quotes"


def test_prometheus_and_alertmanager_have_paths_of_their_own() -> None:
    for name in ("prometheus", "alertmanager"):
        assert urls(name) == ["http://h:1/-/healthy", "http://h:1/metrics"]


def test_all_checks_are_critical_but_those_of_the_canary_and_its_window_on_the_engine() -> None:
    probes = probes_of(Settings.from_environment({}).targets)
    assert {one.target for one in probes if not one.critical} == {"canary", "docker-proxy"}


def test_what_is_asked_often_is_neither_large_nor_counted() -> None:
    probes = probes_of([Target("web", "http://h:1"), Target("venue", "http://h:2")])
    assert [one.check for one in quick_probes(probes, "web")] == ["healthz", "page"]
