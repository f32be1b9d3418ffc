"""Checks an evidence package: its files, sizes and sums, and the way from its raw files to its verdict."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import msgspec

from canary.observation import Observation, ProbeAnswer
from canary.package import (
    COMPRESSIONS,
    CONTAINERS,
    JUNIT,
    MANIFEST,
    MARKDOWN,
    REPORT,
    SAMPLES,
    SUMS,
    UNREADABLE,
    ContainerStatus,
    Manifest,
    RawSamples,
    forms,
    metrics_file,
    sha256,
)
from canary.probes.checks import check_of
from canary.report import FORMAT, Origin, Report, report_of
from canary.verdict import judge
from common import wire
from common.errors import InvalidRequest

MOST_FILES = 200
MOST_BYTES = 200 * 2**20
_ALWAYS = frozenset({CONTAINERS, JUNIT, MANIFEST, MARKDOWN, REPORT, SAMPLES, SUMS})
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([^\n/]+)\n")


def faults_of(path: Path) -> list[str]:
    """Returns every fault of the package, one sentence each; none when it is as it was written."""
    try:
        files = _read(path)
    except UNREADABLE as error:
        return [f"the file can't be read as a package: {error}"]
    faults = _sum_faults(files)
    try:
        return faults + _judgement_faults(files)
    except (InvalidRequest, KeyError, ValueError, ArithmeticError, RuntimeError) as error:
        return [*faults, f"the raw files can't be read: {error}"]


def _read(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        entries = archive.infolist()
        names = [entry.filename for entry in entries]
        if len(entries) > MOST_FILES or sum(entry.file_size for entry in entries) > MOST_BYTES:
            raise ValueError("it is larger than any package")
        if any(entry.compress_type not in COMPRESSIONS for entry in entries):
            raise ValueError("it is compressed in a way that no package is")
        if len(set(names)) != len(names):
            raise ValueError("it has two files of one name")
        return {entry.filename: archive.read(entry) for entry in entries}


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
    report = wire.decode(Report, files[REPORT])
    if report.format != FORMAT:
        return [f"the package has format {report.format}, this program reads {FORMAT}"]
    raw = wire.decode(RawSamples, files[SAMPLES])
    expected = _ALWAYS | {metrics_file(answer.target) for answer in raw.answers if answer.check == "metrics"}
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
    seen = Observation(
        checked_at=datetime.fromisoformat(report.checked_at),
        checks=tuple(check_of(_with_body(answer, files)) for answer in raw.answers),
        samples=raw.samples,
        containers=status.containers,
        containers_problem=status.problem,
        own=report.own,
    )
    origin = Origin(version=report.version, git_commit=report.git_commit, market=report.market)
    return report_of(seen, judge(seen, report.limits), report.limits, origin)


def _with_body(answer: ProbeAnswer, files: Mapping[str, bytes]) -> ProbeAnswer:
    """Returns an answer with its body, which for /metrics is a file of its own, and with the size of that file."""
    if answer.check != "metrics" or answer.status != 200 or answer.size == 0:
        return answer
    content = files[metrics_file(answer.target)]
    return msgspec.structs.replace(answer, body=content.decode("utf-8", "replace"), size=len(content))
