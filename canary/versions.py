"""The version of each part as it tells it itself, beside the image that the engine runs it from."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from canary.conditions import printable
from canary.observation import Container, ProbeAnswer, Running

_TOLD = re.compile(
    r"^(spark_build_info|prometheus_build_info|alertmanager_build_info|haproxy_process_build_info|executor_database_info)"
    r"\{(.*)\} 1(?:\.0)?$",
    re.MULTILINE,
)
_LABEL = re.compile(r'([a-z_]+)="((?:[^"\\]|\\.)*)"')
_DATABASE, _DATABASE_SERVICE = "executor_database_info", "postgres"
_OWN = "spark_build_info"
_TAG = re.compile(r":v?([0-9]+(?:\.[0-9]+)*)[^/:]*$")
_NUMBERS = re.compile(r"v?([0-9]+(?:\.[0-9]+)*)")
_SHORT = 12


def running_parts(containers: Iterable[Container] | None, answers: Sequence[ProbeAnswer]) -> tuple[Running, ...]:
    """Returns a row for each container, and one for each target that told its version without a known container."""
    told = _told(answers)
    rows = [_row(one, told.get(one.service, {})) for one in containers or ()]
    known = {row.service for row in rows}
    unseen = [_spoken(name, labels) for name, labels in told.items() if name not in known]
    return tuple(sorted((*rows, *unseen), key=lambda row: row.service))


def shown(rows: Sequence[Running]) -> list[str]:
    """Returns the rows as a table of text, under a line with the names of the columns."""
    cells = [("part", "version", "commit", "image")]
    cells += [(row.service, row.version or "not told", _commit(row), _image(row)) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(3)]
    return [
        "  ".join((*(text.ljust(width) for text, width in zip(line[:3], widths, strict=True)), line[3])).rstrip()
        for line in cells
    ]


def _commit(row: Running) -> str:
    if row.revision is None:
        return "-"
    commit, dash, dirty = row.revision.partition("-")
    return commit[:_SHORT] + dash + dirty


def _image(row: Running) -> str:
    digest = row.image_id.removeprefix("sha256:")[:_SHORT]
    words = [row.base or row.image, f"({digest})" if digest else "", *(f"[{note}]" for note in row.notes)]
    return " ".join(word for word in words if word) or "-"


def _told(answers: Sequence[ProbeAnswer]) -> dict[str, dict[str, str]]:
    """Returns the labels of each part's own words, by service."""
    found: dict[str, dict[str, str]] = {}
    for answer in answers:
        if answer.kind != "metrics" or answer.status != 200:
            continue
        for name, text in _TOLD.findall(answer.body):
            labels = {label: printable(value) for label, value in _LABEL.findall(text)}
            service = _DATABASE_SERVICE if name == _DATABASE else answer.target
            # Others have labels of these names too, for commits of their own.
            kept = ("version", "revision", "source") if name == _OWN else ("version",)
            found[service] = {label: labels[label] for label in kept if label in labels}
    return found


def _spoken(service: str, told: Mapping[str, str]) -> Running:
    return Running(
        service=service, version=told.get("version"), revision=told.get("revision"), source=told.get("source")
    )


def _row(container: Container, told: Mapping[str, str]) -> Running:
    row = msgspec.structs.replace(
        _spoken(container.service, told),
        image=container.image,
        image_id=container.image_id,
        digests=container.digests,
        base=container.base,
        standin=container.standin,
    )
    return msgspec.structs.replace(row, notes=tuple(_notes(container, row)))


def _notes(container: Container, row: Running) -> Iterable[str]:
    asked = container.base or container.image
    if container.standin:
        yield f"a stand-in, not {asked}" if row.revision is None else f"on a stand-in, not on {asked}"
    tag, runs = _TAG.search(asked), _NUMBERS.match(row.version or "")
    if row.revision is None and tag and runs and not _agree(tag[1], runs[1]):
        yield f"{tag[1]} was asked for, {runs[1]} runs"
    if row.revision is not None and container.revision not in (None, row.revision):
        yield f"its image says commit {container.revision}"


def _agree(asked: str, runs: str) -> bool:
    """Returns true when the version that runs begins with the numbers of the one that was asked for."""
    wanted = asked.split(".")
    return runs.split(".")[: len(wanted)] == wanted
