"""The content of an evidence package."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from canary.baseline import RestartBaseline
from canary.observation import Container, Observation, ProbeAnswer, Sample, Streak
from canary.report import Origin, Report, junit, markdown, pretty
from common import wire

MANIFEST = "manifest.json"
SUMS = "SHA256SUMS"
REPORT = "report.json"
MARKDOWN = "report.md"
JUNIT = "junit.xml"
CONTAINERS = "container_status.json"
SAMPLES = "samples.json"
PROBES = "probes.toml"
STATEMENT = "statement.dsse.json"
BINDING = "timestamp.dsse.json"
"""The envelope that binds `timestamp.json` to the statement."""


class ContainerStatus(wire.Message, frozen=True, kw_only=True):
    """The content of `container_status.json`.

    market: the market that the stack runs on.
    checked_at: when the round ended, UTC, RFC 3339.
    problem: a sentence about why there are no containers; None when there are.
    containers: the project's containers; None when the engine can't be asked.
    baseline: the moment from which restarts are judged; None when nobody has set one.
    """

    market: wire.Market
    checked_at: str
    problem: str | None
    containers: tuple[Container, ...] | None
    baseline: RestartBaseline | None


class RawSamples(wire.Message, frozen=True, kw_only=True):
    """The content of `samples.json`.

    answers: the round's answers; bodies of /metrics are files of their own.
    samples: the durations that the percentile is computed from.
    targets: the address of each target.
    streaks: the results in a row of each probe, before this round.
    """

    answers: tuple[ProbeAnswer, ...]
    samples: tuple[Sample, ...]
    targets: dict[str, str]
    streaks: tuple[Streak, ...]


class ManifestEntry(wire.Message, frozen=True, kw_only=True):
    """One file of the package.

    path: its name.
    size: in bytes.
    sha256: its digest, in hexadecimal.
    """

    path: str
    size: int
    sha256: str


class Manifest(wire.Message, frozen=True, kw_only=True):
    """The content of `manifest.json`.

    files: every file but the manifest, the statement and the sums.
    """

    files: tuple[ManifestEntry, ...]


@dataclass(frozen=True)
class Draft:
    """A package before its place in the chain is known.

    report: the report.
    containers: the project's containers; None when the engine can't be asked.
    files: every file but the manifest, the statement and the sums.
    """

    report: Report
    containers: tuple[Container, ...] | None
    files: Mapping[str, bytes]


def metrics_file(target: str) -> str:
    """Returns the name of the file with a target's raw metrics."""
    return f"prom_metrics_{target}.txt"


def raw_files(
    seen: Observation, answers: Sequence[ProbeAnswer], metrics: Mapping[str, bytes], probes: str, origin: Origin
) -> dict[str, bytes]:
    """Returns the files with what was seen. `metrics` has the bytes of each target's /metrics.

    `probes` is the file of probes that was in force.
    """
    files = {
        metrics_file(answer.target): (answer.status == 200 and metrics.get(answer.target)) or _absence_of(answer)
        for answer in answers
        if answer.kind == "metrics"
    }
    status = ContainerStatus(
        market=origin.market,
        checked_at=seen.checked_at.isoformat(),
        problem=seen.containers_problem,
        containers=seen.containers,
        baseline=seen.baseline,
    )
    raw = RawSamples(
        answers=tuple(_without_metrics(answer) for answer in answers),
        samples=seen.samples,
        targets=seen.targets,
        streaks=seen.streaks,
    )
    return {**files, CONTAINERS: pretty(status), SAMPLES: pretty(raw), PROBES: probes.encode()}


def forms(report: Report) -> dict[str, bytes]:
    """Returns one report as JSON, Markdown and JUnit."""
    return {REPORT: pretty(report), MARKDOWN: markdown(report), JUNIT: junit(report)}


def with_manifest(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns `files` with their manifest, whose digest the package's statement names."""
    entries = tuple(
        ManifestEntry(path=path, size=len(content), sha256=sha256(content)) for path, content in sorted(files.items())
    )
    return {**files, MANIFEST: pretty(Manifest(files=entries))}


def with_sums(files: Mapping[str, bytes]) -> dict[str, bytes]:
    """Returns `files` with the sums of them all in the form that `sha256sum -c` reads."""
    sums = "".join(f"{sha256(content)}  {path}\n" for path, content in sorted(files.items()))
    return {**files, SUMS: sums.encode()}


def sha256(content: bytes) -> str:
    """Returns the digest, in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


def _absence_of(answer: ProbeAnswer) -> bytes:
    """Returns the metrics file of a target that gave no metrics."""
    status = "" if answer.status is None else f" (status {answer.status})"
    why = answer.problem or f"it answered without metrics{status}"
    return f"# no metrics of {answer.target} from {answer.url}: {why}\n".encode()


def _without_metrics(answer: ProbeAnswer) -> ProbeAnswer:
    return msgspec.structs.replace(answer, body="") if answer.kind == "metrics" else answer
