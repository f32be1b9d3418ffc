"""The way from a package's raw files to its report: every file is made anew and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from canary.observation import Observation, ProbeAnswer
from canary.package import (
    CONTAINERS,
    PROBES,
    REPORT,
    SAMPLES,
    ContainerStatus,
    RawSamples,
    forms,
    metrics_file,
    raw_files,
)
from canary.probes.declared import ProbeFileError, read_file
from canary.probes.judging import checks_of
from canary.probes.plan import Plan, of_running, plan_of
from canary.report import FORMAT, Origin, Report, pretty, report_of
from canary.spelling import SpellingError, read_spelled
from canary.verdict import judge
from canary.verifying.sums import ALWAYS
from canary.versions import running_parts

T = TypeVar("T")


class Derivation(NamedTuple):
    """The messages in a package, and where they do not follow from the raw files.

    report: the report.
    status: the containers.
    faults: one sentence for each fault.
    """

    report: Report
    status: ContainerStatus
    faults: tuple[str, ...]


class _ReportFormat(msgspec.Struct, frozen=True):
    """The one field of a report that all formats have.

    format: the number of the form.
    """

    format: int


def format_fault(files: Mapping[str, bytes]) -> str | None:
    """Returns that the package has a format that this program does not read; None when it reads it or can't tell."""
    try:
        found = msgspec.json.decode(files.get(REPORT, b""), type=_ReportFormat).format
    except msgspec.MsgspecError:
        return None
    return None if found == FORMAT else f"the package has format {found}, this program reads {FORMAT}"


def derive(files: Mapping[str, bytes]) -> Derivation:
    """Returns what a package says, and each fault of it. Raises SpellingError for a file that can't be read."""
    report = _read(Report, files, REPORT)
    raw = _read(RawSamples, files, SAMPLES)
    status = _read(ContainerStatus, files, CONTAINERS)
    expected = ALWAYS | {metrics_file(answer.target) for answer in raw.answers if answer.kind == "metrics"}
    faults = [f"{name} is missing" for name in sorted(expected - files.keys())]
    faults += [f"{name} does not belong in a package" for name in sorted(files.keys() - expected)]
    if not faults:
        plan = of_running(_plan(report, raw, files), status.containers)
        faults = [*_bound(report, status), *_unasked(raw, plan)]
        # Answers of other probes than the file's give no checks to compare with.
        faults += _derived(report, raw, status, plan, files) if not faults else ()
    return Derivation(report, status, tuple(faults))


def _plan(report: Report, raw: RawSamples, files: Mapping[str, bytes]) -> Plan:
    """Returns the probes that the package was judged by. Raises SpellingError when its file of probes has a fault."""
    try:
        return plan_of(read_file(files[PROBES].decode(), report.limits.constants()), raw.targets, report.market)
    except (ProbeFileError, UnicodeError) as error:
        raise SpellingError(f"{PROBES} can't be read: {error}") from None


def _bound(report: Report, status: ContainerStatus) -> Iterator[str]:
    """Yields where the files are not about the same round."""
    if status.market != report.market:
        yield f"{CONTAINERS} is of the market {status.market}, {REPORT} of {report.market}"
    if status.checked_at != report.checked_at:
        yield f"{CONTAINERS} is of {status.checked_at!r:.60}, {REPORT} of {report.checked_at!r:.60}"


def _unasked(raw: RawSamples, plan: Plan) -> Iterator[str]:
    """Yields where the answers are not those of the probes that were declared, one each and in order."""
    declared = [(probe.target, probe.check) for probe in plan.probes]
    asked = [(answer.target, answer.check) for answer in raw.answers]
    for target, check in declared:
        if (target, check) not in asked:
            yield f"the probe {check} of {target} was declared, but {SAMPLES} has no answer of it"
    for target, check in asked:
        if (target, check) not in declared:
            yield f"{SAMPLES} has an answer of {target!r:.60} to {check!r:.60}, which is no probe that was declared"
    if sorted(declared) == sorted(asked) and declared != asked:
        yield f"the answers in {SAMPLES} are in another order than the probes"
    if sorted(declared) != sorted(asked) and set(declared) == set(asked):
        yield f"{SAMPLES} has more than one answer to a probe"


def _derived(
    report: Report, raw: RawSamples, status: ContainerStatus, plan: Plan, files: Mapping[str, bytes]
) -> Iterator[str]:
    """Yields where a file is not the one that the raw files give, by the limits that the report names."""
    answers = [_with_body(answer, files) for answer in raw.answers]
    for given, answer in zip(raw.answers, answers, strict=True):
        if given.size != answer.size:
            yield f"{SAMPLES} says {given.size} bytes of metrics of {given.target}; the file has {answer.size}"
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
    again = report_of(seen, judge(seen, report.limits), report.limits, origin)
    if again.verdict != report.verdict:
        yield f"{REPORT} says {report.verdict}, but the raw files give {again.verdict}"
    metrics = {one.target: files[metrics_file(one.target)] for one in raw.answers if one.kind == "metrics"}
    for name, content in (raw_files(seen, answers, metrics, files[PROBES].decode(), origin) | forms(again)).items():
        if files[name] != content:
            yield f"{name} does not follow from the raw files"


def _with_body(answer: ProbeAnswer, files: Mapping[str, bytes]) -> ProbeAnswer:
    """Returns an answer with its body, which for /metrics is a file of its own, and with the size of that file."""
    if answer.kind != "metrics" or answer.status != 200 or answer.size == 0:
        return answer
    content = files[metrics_file(answer.target)]
    return msgspec.structs.replace(answer, body=content.decode("utf-8", "replace"), size=len(content))


def _read(kind: type[T], files: Mapping[str, bytes], name: str) -> T:
    try:
        return read_spelled(kind, files[name], pretty)
    except SpellingError as error:
        raise SpellingError(f"{name} can't be read: {error}") from None
