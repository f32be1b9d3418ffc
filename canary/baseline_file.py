"""The file of the restart baseline, in the folder of evidence."""

from __future__ import annotations

import fcntl
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from canary.baseline import RestartBaseline, without_outdated
from common import wire
from common.errors import InvalidRequest
from common.files import replace_durably

log = logging.getLogger(__name__)

_FILE = "restart-baseline.json"
_LOCK = ".restart-baseline-lock"
_MOST_BYTES = 2**20

Read = tuple[RestartBaseline | None, str | None]
"""The baseline, None when there is none; and why it can't be read, None when it can."""


class BaselineFile:
    """The restart baseline of the stack. Several processes may use it: a lock lets one write at a time."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE
        self._lock = folder / _LOCK

    def read(self) -> Read:
        """Returns the baseline. A file that can't be read gives none and a sentence about it."""
        try:
            with self._path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                return None, f"{_FILE} can't be read (larger than {_MOST_BYTES} bytes)"
            found = wire.decode(RestartBaseline, content)
        except FileNotFoundError:
            return None, None
        except (OSError, InvalidRequest) as error:
            told = error.message if isinstance(error, InvalidRequest) else type(error).__name__
            return None, f"{_FILE} can't be read ({told})"
        return found, None

    def write(self, baseline: RestartBaseline) -> None:
        """Stores the baseline durably. Raises OSError."""
        with self._locked():
            replace_durably(self._path, wire.encode(baseline), mode=0o644)

    def current(self, restart_counts: Mapping[str, int]) -> Read:
        """Returns the baseline that holds for containers with these counts, by id.

        A container whose count has begun anew is taken out of the file. Else its next restarts would be judged only
        once there are more of them than before.
        """
        found, trouble = self.read()
        if found is None or without_outdated(found, restart_counts) == found:
            return found, trouble
        try:
            with self._locked():
                found, trouble = self.read()
                if found is not None:
                    found = without_outdated(found, restart_counts)
                    replace_durably(self._path, wire.encode(found), mode=0o644)
        except OSError as error:
            log.warning("the restart baseline can't be written", extra={"reason": type(error).__name__})
            return found and without_outdated(found, restart_counts), trouble
        log.info("a container's restarts are counted from 0 again; the baseline leaves it out from now on")
        return found, trouble

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
