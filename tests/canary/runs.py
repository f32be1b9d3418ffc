"""Makes runs of the stack for tests: one target after another, with durations around 20 ms."""

from __future__ import annotations

import random
from collections.abc import Iterable, Sequence
from datetime import timedelta
from math import exp
from pathlib import Path

import msgspec

from canary.archive import zip_of
from canary.comparison import Run
from canary.evidence import EvidenceStore
from canary.observation import Sample
from canary.package import Draft, forms, raw_files
from canary.probes.judging import checks_of
from canary.report import report_of
from canary.verdict import judge
from canary.versions import running_parts
from common import wire
from tests.canary.build import LIMITS, NOW, SMALL_TEXT, answer, container, observation, plan, samples
from tests.canary.keys import key_file
from tests.canary.packages import ORIGIN, signed
from tests.canary.servers import METRICS

HOUR = timedelta(hours=1)


def run_at(hour: float, durations: dict[str, Iterable[float]], further: Iterable[Sample] = ()) -> Run:
    """Returns a run with the durations of each target, in seconds, taken at an hour of the day of the tests."""
    at = NOW + hour * HOUR
    timed = [one for target, seconds in durations.items() for one in samples(seconds, target, asked_at=at)]
    return Run(name=f"run at {hour:g}", checked_at=at, version="0.1.0", revision="abc", samples=(*timed, *further))


def log_normal_run(hour: float, dice: random.Random, slowness: dict[str, float], count: int = 20) -> Run:
    """Returns a run whose targets are slower than 20 ms by a logarithm each, with a spread of 0.2 within the run."""
    return run_at(
        hour, {name: [0.02 * exp(by + dice.gauss(0, 0.2)) for _ in range(count)] for name, by in slowness.items()}
    )


def quiet_runs(count: int, names: Sequence[str] = ("web", "venue")) -> list[Run]:
    """Returns runs of a quiet host, an hour apart: they differ by the spread within them alone."""
    dice = random.Random(1)
    return [log_normal_run(hour, dice, dict.fromkeys(names, 0.0), count=50) for hour in range(count)]


def package_of_run(run: Run, *, market: wire.Market = "simulated", passes: bool = True) -> bytes:
    """Returns the evidence package of a run whose target is `web`."""
    draft = draft_of_run(run, market=market, passes=passes)
    return zip_of(signed(dict(draft.files), about=draft))


def draft_of_run(run: Run, *, market: wire.Market = "simulated", passes: bool = True) -> Draft:
    """Returns the content of the package of a run whose target is `web`."""
    targets = {"web": "http://web:1"}
    of_plan = plan(targets, market=market)
    sizes = {"healthz": 18, "metrics": len(METRICS), "page": 20, "readyz": 25}
    bodies = {"readyz": '{"ready":true,"parts":{}}'}
    answers = tuple(
        answer("web", name, asked_at=run.checked_at, size=size, **({"body": bodies[name]} if name in bodies else {}))
        for name, size in sizes.items()
    )
    containers = (container("web", restart_count=0 if passes else 99),)
    checks, _ = checks_of(of_plan, answers, run.samples, containers, ())
    seen = observation(
        checked_at=run.checked_at,
        checks=checks,
        samples=run.samples,
        containers=containers,
        running=running_parts(containers, answers),
        targets=targets,
        left_out=of_plan.left_out,
    )
    origin = msgspec.structs.replace(ORIGIN, market=market)
    raw = raw_files(seen, answers, {"web": METRICS}, SMALL_TEXT, origin)
    report = report_of(seen, judge(seen, LIMITS), LIMITS, origin)
    return Draft(report, containers, raw | forms(report))


def stored(folder: Path, runs: Iterable[Run]) -> list[Path]:
    """Writes the package of each run into a folder of evidence."""
    store = EvidenceStore(folder, key_file(folder))
    return [store.write(draft_of_run(run), run.checked_at) for run in runs]
