"""Writes evidence packages for tests: from given answers, or from a real look at a small stack."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

from canary.archive import zip_of
from canary.observation import Observation, ProbeAnswer
from canary.package import forms, raw_files, with_sums
from canary.probes.judging import checks_of
from canary.report import Origin, report_of
from canary.verdict import judge
from canary.versions import running_parts
from tests.canary.build import LIMITS, SMALL_TEXT, answer, container, observation, plan, samples
from tests.canary.servers import METRICS

ORIGIN = Origin(version="0.1.0", revision="abc123", market="simulated")
TARGETS = {"web": "http://web:1", "venue": "http://venue:1"}
PLAN = plan(TARGETS)
DOWN: dict[str, Any] = {
    "outcome": "failed",
    "problem": "connection refused",
    "status": None,
    "size": 0,
    "body": "",
    "headers": {},
}
ANSWERS = (
    answer("web", "healthz"),
    answer("web", "metrics", size=len(METRICS)),
    answer("web", "page", size=20),
    answer("web", "readyz", body='{"ready":true,"parts":{}}'),
    answer("venue", "healthz"),
    answer("venue", "metrics", **DOWN),
)
"""The answers of a stack whose venue gives no metrics."""


def answers_with(changed: ProbeAnswer) -> tuple[ProbeAnswer, ...]:
    """The answers, with this one in the place of the one to the same probe."""
    key = (changed.target, changed.check)
    return tuple(changed if (one.target, one.check) == key else one for one in ANSWERS)


def seen(answers: tuple[ProbeAnswer, ...] = ANSWERS) -> Observation:
    containers = (container("web"), container("venue"))
    timed = samples([0.01] * 20) + samples([0.02] * 20, "venue")
    checks, _ = checks_of(PLAN, answers, timed, containers, ())
    return observation(
        checks=checks,
        samples=timed,
        containers=containers,
        running=running_parts(containers, answers),
        targets=TARGETS,
        left_out=("marketdata",),
    )


def files(answers: tuple[ProbeAnswer, ...] = ANSWERS) -> dict[str, bytes]:
    what = seen(answers)
    raw = raw_files(what, answers, {"web": METRICS, "venue": b""}, SMALL_TEXT, ORIGIN)
    return raw | forms(report_of(what, judge(what, LIMITS), LIMITS, ORIGIN))


def package(content: dict[str, bytes] | None = None) -> bytes:
    return zip_of(with_sums(files() if content is None else content))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "package.zip"
    path.write_bytes(content)
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
