"""The limits and names in alerts are those of docker-compose.yml."""

from __future__ import annotations

import re

import pytest

from tests.repo import compose
from tests.repo.promql import ALERTS, ROOT
from tests.yaml_file import parsed


@pytest.mark.parametrize("service", ["prometheus", "alertmanager"])
def test_the_memory_limit_in_the_rule_is_the_containers_own(service: str) -> None:
    asked = re.findall(rf'{{service="{service}"}} / \((\d+) \* 1024 \* 1024\)', ALERTS["MemoryNearLimit"]["expr"])
    assert [f"{mib}m" for mib in asked] == [compose.services()[service]["mem_limit"]]


def test_every_container_is_scraped_or_watched_through_the_engine() -> None:
    jobs = parsed(ROOT / "prometheus/prometheus.yml")["scrape_configs"]
    targets = [target for job in jobs for group in job["static_configs"] for target in group["targets"]]
    scraped = {target.partition(":")[0] for target in targets}
    (watched,) = re.findall(r'container=~"(.*?)"', ALERTS["ContainerDown"]["expr"])
    window = {"docker-proxy"}  # without it the canary knows no containers, and is INCONCLUSIVE
    assert set(watched.split("|")) == set(compose.services()) - scraped - window
