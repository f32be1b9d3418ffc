"""Checks an evidence package: its files, sizes and sums, and the way from its raw files to its verdict."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from canary.archive import NotCanonicalError, files_of
from canary.observation import Observation, ProbeAnswer
from canary.package import (
    CONTAINERS,
    JUNIT,
    MANIFEST,
    MARKDOWN,
    PROBES,
    REPORT,
    SAMPLES,
    SUMS,
    ContainerStatus,
    Manifest,
    RawSamples,
    forms,
    metrics_file,
    read_bytes,
    sha256,
)
from canary.probes.declared import read_file
from canary.probes.judging import checks_of
from canary.probes.plan import plan_of
from canary.report import FORMAT, Origin, Report, report_of
from canary.verdict import judge
from canary.versions import running_parts
from common import wire
from common.errors import InvalidRequest

_ALWAYS = frozenset({CONTAINERS, JUNIT, MANIFEST, MARKDOWN, PROBES, REPORT, SAMPLES, SUMS})
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([^\n/]+)\n")


class _ReportFormat(msgspec.Struct, frozen=True):
    """The one field of a report that all formats have.

    format: the number of the form.
    """

    format: int


def faults_of(path: Path) -> list[str]:
    """Returns every fault of the package, one sentence each; none when it is as it was written."""
    try:
        files = files_of(read_bytes(path))
    except (OSError, NotCanonicalError) as error:
        return [f"the file can't be read as a package: {error}"]
    faults = _sum_faults(files)
    try:
        return faults + _judgement_faults(files)
    except (InvalidRequest, msgspec.MsgspecError, KeyError, ValueError, ArithmeticError, RuntimeError) as error:
        return [*faults, f"the raw files can't be read: {error}"]


def _sum_faults(files: Mapping[str, bytes]) -> list[str]:
    """Returns where names, sizes and digests differ from the manifest or the sums."""
    faults = [f"{name} is missing" for name in sorted(_ALWAYS - files.keys())]
    if faults:
        return faults
    try:
        manifest = {entry.path: (entry.size, entry.sha256) for entry in wire.decode(Manifest, files[MANIFEST]).files}
    except InvalidRequest as error:
        return [f"{MANIFEST} can't be read: {error.message}"]
    sums_text = files[SUMS].decode("utf-8", "replace")
    sums = {name: digest for digest, name in _SUM_LINE.findall(sums_text)}
    if _SUM_LINE.sub("", sums_text):
        faults.append(f"{SUMS} has lines that are no sums")
    faults += _differences(MANIFEST, set(manifest), files.keys() - {MANIFEST, SUMS})
    faults += _differences(SUMS, set(sums), files.keys() - {SUMS})
    for name, content in sorted(files.items()):
        if name in manifest and manifest[name] != (len(content), sha256(content)):
            faults.append(f"{name} differs from {MANIFEST}")
        if name in sums and sums[name] != sha256(content):
            faults.append(f"{name} differs from {SUMS}")
    return faults


def _differences(index: str, listed: set[str], present: set[str]) -> list[str]:
    return [f"{name} is in {index} but not in the package" for name in sorted(listed - present)] + [
        f"{name} is in the package but not in {index}" for name in sorted(present - listed)
    ]


def _judgement_faults(files: Mapping[str, bytes]) -> list[str]:
    """Returns where the report does not follow from the raw files."""
    found = msgspec.json.decode(files[REPORT], type=_ReportFormat).format
    if found != FORMAT:
        return [f"the package has format {found}, this program reads {FORMAT}"]
    report = wire.decode(Report, files[REPORT])
    raw = wire.decode(RawSamples, files[SAMPLES])
    expected = _ALWAYS | {metrics_file(answer.target) for answer in raw.answers if answer.kind == "metrics"}
    faults = [f"{name} is missing" for name in sorted(expected - files.keys())]
    faults += [f"{name} does not belong in a package" for name in sorted(files.keys() - expected)]
    if faults:
        return faults
    again = _judge_again(report, raw, files)
    faults = []
    if again.verdict != report.verdict:
        faults.append(f"{REPORT} says {report.verdict}, but the raw files give {again.verdict}")
    faults += [
        f"{name} does not follow from the raw files" for name, form in forms(again).items() if files[name] != form
    ]
    return faults


def _judge_again(report: Report, raw: RawSamples, files: Mapping[str, bytes]) -> Report:
    """Returns the report that the raw files give, by the limits that the package names."""
    status = wire.decode(ContainerStatus, files[CONTAINERS])
    answers = [_with_body(answer, files) for answer in raw.answers]
    plan = plan_of(read_file(files[PROBES].decode(), report.limits.constants()), raw.targets, report.market)
    checks, _ = checks_of(plan, answers, raw.samples, status.containers, raw.streaks, status.baseline)
    seen = Observation(
        checked_at=datetime.fromisoformat(report.checked_at),
        checks=checks,
        samples=raw.samples,
        containers=status.containers,
        containers_problem=status.problem,
        own=report.own,
        running=running_parts(status.containers, answers),
        targets=dict(plan.targets),
        left_out=plan.left_out,
        streaks=raw.streaks,
        baseline=status.baseline,
    )
    origin = Origin(version=report.version, revision=report.revision, market=report.market)
    return report_of(seen, judge(seen, report.limits), report.limits, origin)


def _with_body(answer: ProbeAnswer, files: Mapping[str, bytes]) -> ProbeAnswer:
    """Returns an answer with its body, which for /metrics is a file of its own, and with the size of that file."""
    if answer.kind != "metrics" or answer.status != 200 or answer.size == 0:
        return answer
    content = files[metrics_file(answer.target)]
    return msgspec.structs.replace(answer, body=content.decode("utf-8", "replace"), size=len(content))
