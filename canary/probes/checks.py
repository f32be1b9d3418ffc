"""The conditions that answers, containers and durations must meet; the same facts give the same checks (pure)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from canary.baseline import RestartBaseline, restarts_since
from canary.conditions import Check, Condition, Outcome, condition
from canary.observation import Container, ProbeAnswer, Sample
from canary.percentile import MINIMUM_SAMPLES, nearest_rank, timed_seconds
from canary.probes.body import Body, Found
from canary.probes.declared import EVERYTHING, DeclaredProbe
from canary.probes.http_values import HTTP_VALUES
from canary.probes.metric_values import METRIC_VALUES
from canary.probes.order_values import ORDER_VALUES
from canary.probes.plan import Probe
from canary.probes.sentences import Missing, Noted, Sentence, judged

_VALUES = {**HTTP_VALUES, **METRIC_VALUES}
_LAST = ("STATUS", "ORDER_STATUS")
"""The names after which nothing more is asked of an answer when they are not met."""
_PERCENTS = {"P50": 50, "P95": 95, "P99": 99}


def check_of(answer: ProbeAnswer, probe: Probe) -> Check:
    """Returns the check that this answer is for, with every condition and the value that it met."""
    answered = answer.outcome == "answered"
    conditions = tuple(_of_answer(answer, probe.declared))
    return _check(
        probe.declared,
        answer.target,
        conditions,
        url=answer.url,
        status=answer.status,
        seconds=answer.seconds if answered else None,
        size=answer.size,
    )


def container_checks(
    containers: Iterable[Container], probes: Sequence[DeclaredProbe], baseline: RestartBaseline | None = None
) -> Iterator[Check]:
    """Yields the checks of each container: a one-shot has those of its own kind.

    Restarts before `baseline` are shown and not judged.
    """
    for container in containers:
        kind = "oneshot" if container.one_shot else "container"
        for probe in probes:
            if probe.kind == kind and (EVERYTHING in probe.targets or container.service in probe.targets):
                about = f"container {container.name}"
                values = _of_container(container, baseline)
                met = (_met(probe, about, one, values.get(one.name, Missing("not told"))) for one in probe.conditions)
                yield _check(probe, container.service, tuple(met))


def latency_checks(
    samples: Sequence[Sample], targets: Iterable[str], probes: Sequence[DeclaredProbe]
) -> Iterator[Check]:
    """Yields the checks of the durations of each target."""
    for target in targets:
        for probe in probes:
            if target in probe.targets:
                met = (_met(probe, target, one, _of_samples(samples, target, one.name)) for one in probe.conditions)
                yield _check(probe, target, tuple(met))


def _check(
    probe: DeclaredProbe,
    target: str,
    conditions: tuple[Condition, ...],
    *,
    url: str = "",
    status: int | None = None,
    seconds: float | None = None,
    size: int = 0,
) -> Check:
    return Check(
        target=target,
        check=probe.name,
        kind=probe.kind,
        url=url,
        critical=probe.critical,
        ok=all(one.outcome == "met" or (probe.optional and one.outcome == "unknown") for one in conditions),
        status=status,
        seconds=seconds,
        size=size,
        conditions=conditions,
        cannot=probe.cannot,
        look=probe.look,
        runbook=probe.runbook,
    )


def _of_answer(answer: ProbeAnswer, probe: DeclaredProbe) -> Iterator[Condition]:
    """Another status than the one that is wanted brings another body: nothing is asked of it, but of readiness.

    An order that is not as it should be has no more to tell than its reason.
    """
    about = f"{answer.target} {answer.check}"
    if answer.outcome != "answered":
        outcome: Outcome = "unknown" if answer.outcome == "not_asked" else "failed"
        shown = answer.problem or answer.outcome
        yield condition(about, "[ANSWER]", shown, "== whole", outcome, critical=probe.critical)
        return
    body, values = Body(answer, probe), ORDER_VALUES if probe.kind == "order" else _VALUES
    for one in probe.conditions:
        found = _met(probe, about, one, values[one.name](body, one.path))
        yield found
        if one.name in _LAST and found.outcome != "met" and probe.kind != "readiness":
            return


def _met(probe: DeclaredProbe, about: str, sentence: Sentence, value: Found) -> Condition:
    outcome, shown = judged(sentence, value)
    tolerated = probe.dry_run or (probe.optional and outcome == "unknown")
    left, rule = sentence.left, sentence.rule
    return condition(about, left, shown, rule, outcome, critical=probe.critical, tolerated=tolerated)


def _of_container(container: Container, baseline: RestartBaseline | None) -> Mapping[str, Found]:
    starting = Missing("starting: its health check has not ended yet")
    used, limit = container.memory_used, container.memory_limit
    return {
        "STATE": container.state,
        "HEALTH": starting if container.health == "starting" else container.health or "none",
        "RESTARTS": _restarts(container, baseline),
        "EXIT_CODE": Decimal(container.exit_code),
        "MEMORY": Decimal(used) / limit if used is not None and limit else Missing("the engine does not tell it"),
        "IMAGE": container.image,
        "IMAGE_ID": container.image_id,
    }


def _restarts(container: Container, baseline: RestartBaseline | None) -> Found:
    in_all = container.restart_count
    since = Decimal(restarts_since(baseline, container.id, in_all))
    return since if baseline is None else Noted(since, f" since baseline, {in_all} in all")


def _of_samples(samples: Sequence[Sample], target: str, name: str) -> Found:
    of_target = [one for one in samples if one.target == target]
    timed = timed_seconds(of_target)
    if name == "SAMPLES":
        return Decimal(len(timed))
    if name == "ERRORS" and of_target:
        return Noted(Decimal(len(of_target) - len(timed)) / len(of_target), f", n={len(of_target)}")
    if len(timed) < MINIMUM_SAMPLES:
        return Missing(f"n={len(timed)}, at least {MINIMUM_SAMPLES} needed")
    return Noted(Decimal(str(nearest_rank(timed, _PERCENTS[name]))), f", n={len(timed)}")
