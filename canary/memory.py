"""When the last PASS was: kept in a small file, so that it outlives a restart."""

from __future__ import annotations

import logging
from datetime import datetime
from pathlib import Path

from canary.evidence import replace_durably
from common import wire
from common.errors import InvalidRequest

log = logging.getLogger(__name__)

_FILE = ".canary-state.json"


class _State(wire.Message, frozen=True, kw_only=True):
    last_pass: datetime


class LastPass:
    """The time of the last PASS, in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _FILE

    def read(self) -> datetime | None:
        """The time, or None when there was no PASS yet or the file is not readable; that is logged."""
        try:
            state = wire.decode(_State, self._path.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, InvalidRequest) as error:
            log.warning("the time of the last PASS can't be read", extra={"reason": type(error).__name__})
            return None
        return state.last_pass if state.last_pass.tzinfo else None

    def write(self, at: datetime) -> None:
        """Remembers the time; raises OSError."""
        replace_durably(self._path, wire.encode(_State(last_pass=at)), mode=0o644)
