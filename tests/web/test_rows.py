from __future__ import annotations

import pytest

from web.canary_answers import CanaryStatus, ContainerSummary
from web.rows import container_rows


@pytest.mark.parametrize(
    ("container", "word", "state"),
    [
        (ContainerSummary(service="a", state="running", health="healthy"), "healthy", "good"),
        (ContainerSummary(service="a", state="running", health=None), "running", "good"),
        (ContainerSummary(service="a", state="running", health="starting"), "starting", "warn"),
        (ContainerSummary(service="a", state="running", health="unhealthy"), "unhealthy", "bad"),
        (ContainerSummary(service="a", state="exited", exit_code=0), "done", "good"),
        (ContainerSummary(service="a", state="exited", exit_code=137), "exited", "bad"),
        (ContainerSummary(service="a", state="restarting"), "restarting", "bad"),
    ],
)
def test_a_container_is_told_in_one_word(container: ContainerSummary, word: str, state: str) -> None:
    (row,) = container_rows(CanaryStatus(market="simulated", verdict="PASS", containers=(container,)))
    assert (row.word, row.state) == (word, state)


@pytest.mark.parametrize(("containers", "word"), [(None, "unknown"), ((), "not seen")])
def test_a_service_without_a_container_is_listed_too(
    containers: tuple[ContainerSummary, ...] | None, word: str
) -> None:
    status = CanaryStatus(market="simulated", verdict="FAIL", metrics_bytes={"web": 10}, containers=containers)
    assert [(row.name, row.word, row.metrics_bytes) for row in container_rows(status)] == [("web", word, 10)]
