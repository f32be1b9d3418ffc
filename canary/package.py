"""What an evidence package holds, and its bytes: the same content always gives the same file."""

from __future__ import annotations

import hashlib
import io
import struct
import zipfile
import zlib
from collections.abc import Iterable, Mapping

from canary.observation import Answer, Container, Observation, Sample
from canary.report import Origin, Report, junit, markdown, pretty, report_of
from canary.verdict import Judgement, Limits
from common import wire

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
REPORT = "report.json"
MARKDOWN = "report.md"
JUNIT = "junit.xml"
CONTAINERS = "container_status.json"
SAMPLES = "samples.json"
UNREADABLE = (OSError, ValueError, RuntimeError, EOFError, OverflowError, struct.error, zlib.error, zipfile.BadZipFile)
_EARLIEST = (1980, 1, 1, 0, 0, 0)
_READ_ONLY_FILE = 0o100444


class ContainerStatus(wire.Message, frozen=True, kw_only=True):
    """What `container_status.json` holds."""

    market: wire.Market
    checked_at: str
    problem: str | None
    containers: tuple[Container, ...] | None


class RawSamples(wire.Message, frozen=True, kw_only=True):
    """What `samples.json` holds: the round's answers, bodies of /metrics apart, and each timed request."""

    answers: tuple[Answer, ...]
    samples: tuple[Sample, ...]


class ManifestEntry(wire.Message, frozen=True, kw_only=True):
    """One file of the package; `size` in bytes."""

    path: str
    size: int
    sha256: str


class Manifest(wire.Message, frozen=True, kw_only=True):
    """What `manifest.json` holds: every file but itself and the sums."""

    files: tuple[ManifestEntry, ...]


def metrics_file(target: str) -> str:
    """The name of a target's raw metrics in the package."""
    return f"prom_metrics_{target}.txt"


def raw_files(
    seen: Observation, answers: Iterable[Answer], metrics: Mapping[str, bytes], origin: Origin
) -> dict[str, bytes]:
    """What was seen. `metrics` has the very bytes of each target's /metrics."""
    listed = tuple(answers)
    files = {}
    for answer in listed:
        if answer.check == "metrics":
            files[metrics_file(answer.target)] = (answer.status == 200 and metrics.get(answer.target)) or _absence(
                answer
            )
    status = ContainerStatus(
        market=origin.market,
        checked_at=seen.checked_at.isoformat(),
        problem=seen.containers_problem,
        containers=seen.containers,
    )
    without_bodies = tuple(_without_metrics(answer) for answer in listed)
    return {
        **files,
        CONTAINERS: pretty(status),
        SAMPLES: pretty(RawSamples(answers=without_bodies, samples=seen.samples)),
    }


def report_files(seen: Observation, judgement: Judgement, limits: Limits, origin: Origin) -> dict[str, bytes]:
    """What follows from it: the report in its three forms."""
    report = report_of(seen, judgement, limits, origin)
    return forms(report)


def forms(report: Report) -> dict[str, bytes]:
    """One report as JSON, Markdown and JUnit."""
    return {REPORT: pretty(report), MARKDOWN: markdown(report), JUNIT: junit(report)}


def sealed(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """`files` with their manifest, and with the sums of everything in the form that `sha256sum -c` reads."""
    entries = tuple(
        ManifestEntry(path=path, size=len(content), sha256=sha256(content)) for path, content in sorted(files.items())
    )
    listed = {**files, MANIFEST: pretty(Manifest(files=entries))}
    sums = "".join(f"{sha256(content)}  {path}\n" for path, content in sorted(listed.items()))
    return {**listed, SUMS: sums.encode()}


def zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip whose bytes depend on names and content alone: sorted, one fixed date, read-only, made on Unix."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for path, content in sorted(files.items()):
            entry = zipfile.ZipInfo(path, _EARLIEST)
            entry.create_system = 3
            entry.external_attr = _READ_ONLY_FILE << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return target.getvalue()


def sha256(content: bytes) -> str:
    """The digest in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _absence(answer: Answer) -> bytes:
    status = "" if answer.status is None else f" (status {answer.status})"
    why = answer.problem or f"it answered without metrics{status}"
    return f"# no metrics of {answer.target} from {answer.url}: {why}\n".encode()


def _without_metrics(answer: Answer) -> Answer:
    if answer.check != "metrics":
        return answer
    return Answer(**{name: getattr(answer, name) for name in answer.__struct_fields__ if name != "body"}, body="")
