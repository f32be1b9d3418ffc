"""Writes evidence packages for tests: from given answers, or from a real look at a small stack."""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any

import msgspec

from canary.archive import zip_of
from canary.attestation import package_statement
from canary.observation import Observation, ProbeAnswer
from canary.package import MANIFEST, Draft, forms, raw_files, with_manifest, with_sums
from canary.probes.judging import checks_of
from canary.report import Origin, Report, report_of
from canary.seal import sealed
from canary.sealing import Stamp, dated, without_authority
from canary.statement import ChainLink
from canary.verdict import VerdictLimits, judge
from canary.versions import running_parts
from tests.canary.build import LIMITS, NOW, SMALL_TEXT, answer, container, observation, plan, samples
from tests.canary.keys import PUBLIC, signer
from tests.canary.servers import METRICS

LINK = ChainLink(sequence=1, previous="ab" * 32, written_at=NOW, key=PUBLIC)
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
WELL = (*ANSWERS[:-1], answer("venue", "metrics", size=len(METRICS)))
"""The answers of a stack that is well."""


def answers_with(changed: ProbeAnswer) -> tuple[ProbeAnswer, ...]:
    """The answers, with this one in the place of the one to the same probe."""
    key = (changed.target, changed.check)
    return tuple(changed if (one.target, one.check) == key else one for one in ANSWERS)


def seen(answers: tuple[ProbeAnswer, ...] = ANSWERS, limits: VerdictLimits = LIMITS) -> Observation:
    containers = (container("web"), container("venue"))
    timed = samples([0.01] * 20) + samples([0.02] * 20, "venue")
    checks, _ = checks_of(plan(TARGETS, limits=limits), answers, timed, containers, ())
    return observation(
        checks=checks,
        samples=timed,
        containers=containers,
        running=running_parts(containers, answers),
        targets=TARGETS,
        left_out=("marketdata",),
    )


def draft(
    answers: tuple[ProbeAnswer, ...] = ANSWERS,
    limits: VerdictLimits = LIMITS,
    version: str = "0.1.0",
) -> Draft:
    what = seen(answers, limits)
    origin = msgspec.structs.replace(ORIGIN, version=version)
    raw = raw_files(what, answers, dict.fromkeys(TARGETS, METRICS), SMALL_TEXT, origin)
    report = report_of(what, judge(what, limits), limits, origin)
    return Draft(report, what.containers, raw | forms(report))


def files(answers: tuple[ProbeAnswer, ...] = ANSWERS) -> dict[str, bytes]:
    return dict(draft(answers).files)


def signed(
    content: dict[str, bytes],
    report: Report | None = None,
    link: ChainLink = LINK,
    about: Draft | None = None,
    stamp: Stamp = without_authority,
) -> dict[str, bytes]:
    """The files with everything that somebody with the key can make anew: manifest, statement, timestamp and sums."""
    listed = with_manifest(content)
    about = about or draft()
    statement = package_statement(report or about.report, about.containers, listed[MANIFEST], link)
    return with_sums({**listed, **dated(sealed(statement, [signer()]), signer(), stamp)})


def package(content: dict[str, bytes] | None = None) -> bytes:
    return zip_of(signed(files() if content is None else content))


def written(folder: Path, content: bytes) -> Path:
    path = folder / "package.zip"
    path.write_bytes(content)
    return path


def unpacked(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
