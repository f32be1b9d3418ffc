from __future__ import annotations

import pytest

from web.canary_answers import CanaryStatus, ContainerSummary, RunningSummary
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


def test_a_part_is_shown_with_its_version_its_commit_and_what_is_not_as_named() -> None:
    note = "a stand-in, not postgres:17.6-trixie"
    running = (
        RunningSummary(service="web", version="0.1.0", revision="0123456789abcdef" * 2 + "01234567-dirty"),
        RunningSummary(service="postgres", version="17.12", notes=(note,)),
    )
    containers = tuple(ContainerSummary(service=name, state="running") for name in ("web", "postgres", "grafana"))
    rows = container_rows(CanaryStatus(market="simulated", verdict="PASS", containers=containers, running=running))
    assert [(row.name, row.version, row.notes) for row in rows] == [
        ("web", "0.1.0 0123456789ab-dirty", ()),
        ("postgres", "17.12", (note,)),
        ("grafana", "", ()),
    ]
