"""Writes evidence packages for tests: from given answers, or from a real look at a small stack."""

from __future__ import annotations

import zipfile
from pathlib import Path

from canary.archive import zip_of
from canary.observation import Observation, ProbeAnswer
from canary.package import forms, raw_files, with_sums
from canary.probes.checks import check_of
from canary.report import Origin, report_of
from canary.verdict import judge
from canary.versions import running_parts
from tests.canary.build import LIMITS, answer, container, observation, samples
from tests.canary.servers import METRICS

ORIGIN = Origin(version="0.1.0", revision="abc123", market="simulated")
ANSWERS = (
    answer("web", "healthz"),
    answer("web", "metrics", size=len(METRICS)),
    answer("web", "page", size=20),
    answer("venue", "metrics", outcome="failed", problem="connection refused", status=None, size=0, body=""),
)


def seen(answers: tuple[ProbeAnswer, ...] = ANSWERS) -> Observation:
    containers = (container("web"), container("venue"))
    return observation(
        checks=tuple(check_of(one) for one in answers),
        samples=samples([0.01] * 20) + samples([0.02] * 20, "venue"),
        containers=containers,
        running=running_parts(containers, answers),
    )


def files(answers: tuple[ProbeAnswer, ...] = ANSWERS) -> dict[str, bytes]:
    what = seen(answers)
    raw = raw_files(what, answers, {"web": METRICS, "venue": b""}, ORIGIN)
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
