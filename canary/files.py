"""Reading a file that somebody else may have put there: an ordinary one, and no more bytes than it may have."""

from __future__ import annotations

import os
import stat
from pathlib import Path


def read_bounded(path: Path, most: int) -> bytes:
    """Returns the bytes of an ordinary file, and not more than one byte beyond `most`.

    Raises OSError, also for a folder, a pipe or a device, which could keep its reader for ever.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise OSError(f"{path.name} is no ordinary file")
        return file.read(most + 1)


def rename_durably(path: Path, target: Path) -> None:
    """Renames a file within its folder; the new name is on the disk when this returns. Raises OSError."""
    path.rename(target)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
