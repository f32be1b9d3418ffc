"""Names, sizes and digests of a package's files against its manifest and its sums."""

from __future__ import annotations

import re
from collections.abc import Mapping

from canary.package import (
    BINDING,
    CONTAINERS,
    JUNIT,
    MANIFEST,
    MARKDOWN,
    PROBES,
    REPORT,
    SAMPLES,
    STATEMENT,
    SUMS,
    Manifest,
    sha256,
    with_manifest,
    with_sums,
)
from canary.timestamped import TIMESTAMP
from common import wire
from common.errors import InvalidRequest

NOT_IN_THE_MANIFEST = frozenset({BINDING, MANIFEST, STATEMENT, SUMS, TIMESTAMP})
ALWAYS = frozenset({CONTAINERS, JUNIT, MARKDOWN, PROBES, REPORT, SAMPLES}) | NOT_IN_THE_MANIFEST
"""The files that every package has."""
_SUM_LINE = re.compile(r"([0-9a-f]{64})  ([^\n/]+)\n")


def sum_faults(files: Mapping[str, bytes]) -> list[str]:
    """Returns where names, sizes and digests differ from the manifest or the sums, one sentence each."""
    faults = [f"{name} is missing" for name in sorted(ALWAYS - files.keys())]
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
    faults += _differences(MANIFEST, set(manifest), files.keys() - NOT_IN_THE_MANIFEST)
    faults += _differences(SUMS, set(sums), files.keys() - {SUMS})
    for name, content in sorted(files.items()):
        digest = sha256(content)
        if name in manifest and manifest[name] != (len(content), digest):
            faults.append(f"{name} differs from {MANIFEST}")
        if name in sums and sums[name] != digest:
            faults.append(f"{name} differs from {SUMS}")
    return faults or _spelling_faults(files)


def _spelling_faults(files: Mapping[str, bytes]) -> list[str]:
    listed = {name: content for name, content in files.items() if name not in NOT_IN_THE_MANIFEST}
    again = with_manifest(listed)
    again = with_sums({**again, **{name: files[name] for name in (BINDING, STATEMENT, TIMESTAMP)}})
    return [
        f"{name} is spelled in another way than it was written"
        for name in (MANIFEST, SUMS)
        if again[name] != files[name]
    ]


def _differences(index: str, listed: set[str], present: set[str]) -> list[str]:
    return [f"{name} is in {index} but not in the package" for name in sorted(listed - present)] + [
        f"{name} is in the package but not in {index}" for name in sorted(present - listed)
    ]
