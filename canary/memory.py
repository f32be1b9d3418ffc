"""The time of the last PASS, kept in a small file, so that it outlives a restart."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from common import wire
from common.errors import InvalidRequest
from common.files import replace_durably

log = logging.getLogger(__name__)

_FILE = ".canary-state.json"


class _State(wire.Message, frozen=True, kw_only=True):
    """The file's content.

    last_pass: when a round last gave PASS, UTC.
    """

    last_pass: datetime


class LastPass:
    """The time of the last PASS, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def read(self) -> datetime | None:
        """Returns the time; None when there was no PASS yet, or when the file can't be read, which is logged."""
        try:
            state = wire.decode(_State, self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, InvalidRequest) as error:
            log.warning("the time of the last PASS can't be read", extra={"reason": type(error).__name__})
            return None
        return state.last_pass if state.last_pass.tzinfo else None

    def write(self, at: datetime) -> None:
        """Stores the time durably. Raises OSError."""
        replace_durably(self._path, wire.encode(_State(last_pass=at)), mode=0o644)
