"""The limits, targets and probes that a package was judged by, told beside the project's own."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from canary.probes.declared import ProbeFileError, read_file
from canary.probes.source import OWN_FILE
from canary.report import Report
from canary.settings import Settings


def limit_notes(report: Report, probes: bytes) -> Iterator[str]:
    """Yields the limits that the verdict was judged by, then each that is not the project's default.

    `probes` is the file of probes in the package.
    """
    limits = msgspec.structs.asdict(report.limits)
    told = ", ".join(f"{name} {value:g}" for name, value in limits.items())
    yield f"judged by {told}; {len(report.targets)} targets: {', '.join(report.targets)}"
    usual = Settings.from_environment({"SPARK_MARKET": report.market})
    for name, value in msgspec.structs.asdict(usual.limits).items():
        if limits[name] != value:
            yield f"the limit {name} is {limits[name]:g}, not the project's default {value:g}"
    where_running = _where_running(report, probes)
    for name in report.left_out:
        absent = "it had no container, or " if name in where_running else ""
        yield f"{name} was not probed: {absent}a setting left it out"
    if probes != OWN_FILE.read_bytes():
        yield "the file of probes is not the one that this program comes with"


def _where_running(report: Report, probes: bytes) -> tuple[str, ...]:
    """Returns the targets that are probed only where they run; none where the file can't be read: that is a fault."""
    try:
        return read_file(probes.decode(), report.limits.constants()).where_running
    except (ProbeFileError, UnicodeError):
        return ()
