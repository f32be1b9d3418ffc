"""Every series that a rule or a dashboard asks for is exported by somebody, with the labels that are asked for."""

import pytest

from tests.repo import promql
from tests.repo.exports import ROOT, SERVICES, TARGET, exported

RECORDED = {rule["record"] for rule in promql.rules() if "record" in rule}
EXPRESSIONS = {
    **{f"rule {rule.get('alert', rule.get('record'))}": rule["expr"] for rule in promql.rules()},
    **{
        f"{file}: {panel['title']}, {target['refId']}": promql.with_values(target["expr"])
        for file, board in promql.dashboards().items()
        for panel in promql.panels(board)
        for target in panel["targets"]
    },
}


@pytest.mark.parametrize("where", sorted(EXPRESSIONS))
def test_every_series_asked_for_is_exported(where: str) -> None:
    known = set(exported()) | RECORDED
    asked = {selector.metric for selector in promql.selectors(EXPRESSIONS[where])}
    assert asked <= known, f"nobody exports {', '.join(sorted(asked - known))}"


@pytest.mark.parametrize("where", sorted(EXPRESSIONS))
def test_every_label_asked_for_exists(where: str) -> None:
    labels = exported()
    for selector in promql.selectors(EXPRESSIONS[where]):
        known = labels.get(selector.metric)
        if known is not None:
            assert selector.labels <= known | TARGET, f"{selector.metric} has no such label"


def test_no_metric_has_a_label_that_the_scrape_overwrites() -> None:
    """Prometheus would rename such a label to exported_…, and rules would not find it."""
    assert {name for name, labels in exported().items() if labels and labels & TARGET} == set()


@pytest.mark.parametrize("service", SERVICES)
def test_every_service_exports_something_of_its_own(service: str) -> None:
    assert any(name.startswith(f"{service}_") for name in exported())


def test_the_signals_are_read_from_the_rules_and_the_dashboards() -> None:
    assert any(where.startswith("rule ") for where in EXPRESSIONS)
    assert any(where.startswith("spark-overview.json") for where in EXPRESSIONS)
    assert (ROOT / "prometheus/rules").is_dir()
