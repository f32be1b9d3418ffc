"""Where a session is kept over restarts: one file that only we can read, and that no other API key's session leaves."""

from __future__ import annotations

import contextlib
import logging
import os
from pathlib import Path

import msgspec

from marketdata.venues.algolab.signing import fingerprint

log = logging.getLogger(__name__)


class _Kept(msgspec.Struct):
    fingerprint: str
    session: str


class Vault:
    """A session's hash is as good as a password: the file has mode 0600, and is written whole or not at all."""

    def __init__(self, path: Path, api_key: str) -> None:
        self._path, self._fingerprint = path, fingerprint(api_key)

    def load(self) -> str | None:
        """The session of this API key, or None."""
        try:
            kept = msgspec.json.decode(self._path.read_bytes(), type=_Kept)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("the kept session can't be read", extra={"reason": type(error).__name__})
            return None
        return kept.session if kept.session and kept.fingerprint == self._fingerprint else None

    def save(self, session: str) -> None:
        """A disk that takes nothing costs a login after the next restart, and no more."""
        partial = self._path.with_suffix(".partial")
        try:
            partial.unlink(missing_ok=True)
            descriptor = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with open(descriptor, "wb") as file:
                file.write(msgspec.json.encode(_Kept(self._fingerprint, session)))
                file.flush()
                os.fsync(file.fileno())
            partial.replace(self._path)
        except OSError as error:
            log.warning("the session could not be kept", extra={"reason": type(error).__name__})

    def forget(self) -> None:
        """The session is over."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
