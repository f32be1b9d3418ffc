"""The build that runs: its version, its commit, and the digest of the files that it is made of."""

from __future__ import annotations

import hashlib
import re
from functools import cache
from pathlib import Path

from common import VERSION, wire

ROOT = Path(__file__).parents[1]
REVISION_FILE = "revision"
"""The file in an image that has the commit it was built from. A checkout has no such file."""
UNKNOWN = "unknown"
FURTHER_FILES = {"web": ("prometheus/runbook*.md", "alertmanager/alertmanager.yml")}
"""The files of an image besides `common` and its service's folder, by service."""
_REVISION = re.compile(r"[0-9a-f]{40}(-dirty)?")


class Build(wire.Message, frozen=True, kw_only=True):
    """The build that a process runs.

    version: the version of Spark.
    revision: the commit that the image was built from, with `-dirty` when files differed from it; `unknown` when the
        build was told none.
    source: the SHA-256 digest of the files that run, in hexadecimal.
    """

    version: str
    revision: str
    source: str


@cache
def build_of(service: str, root: Path = ROOT) -> Build:
    """Returns the build of a service from the files under `root`. They do not change while the process runs."""
    return Build(version=VERSION, revision=_revision(root / REVISION_FILE), source=source_digest(root, service))


def source_digest(root: Path, service: str) -> str:
    """Returns the digest of `common`, the service's folder and its further files.

    It is the digest of the lines that `sha256sum` prints for the files, sorted by name; bytecode is left out.
    """
    files = [
        path
        for pattern in ("common/**/*", f"{service}/**/*", *FURTHER_FILES.get(service, ()))
        for path in root.glob(pattern)
        if path.suffix != ".pyc" and path.is_file()
    ]
    lines = sorted((path.relative_to(root).as_posix(), hashlib.sha256(path.read_bytes()).hexdigest()) for path in files)
    return hashlib.sha256("".join(f"{digest}  {name}\n" for name, digest in lines).encode()).hexdigest()


def _revision(file: Path) -> str:
    try:
        text = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        return UNKNOWN
    return text if _REVISION.fullmatch(text) else UNKNOWN
