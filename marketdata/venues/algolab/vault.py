"""Keeps a session over restarts, in one file that only this user can read."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import msgspec

from common.files import replace_durably
from marketdata.venues.algolab.signing import fingerprint

log = logging.getLogger(__name__)


class _StoredSession(msgspec.Struct):
    """The content of the file.

    fingerprint: names the API key that the session belongs to.
    session: the session's hash.
    """

    fingerprint: str
    session: str


class Vault:
    """The file of a session.

    Its hash is as good as a password, so the file has mode 0600. It is of one API key alone.
    """

    def __init__(self, path: Path, api_key: str) -> None:
        self._path, self._fingerprint = path, fingerprint(api_key)

    def load(self) -> str | None:
        """Returns the session of this API key, or None."""
        try:
            stored = msgspec.json.decode(self._path.read_bytes(), type=_StoredSession)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            log.warning("the stored session can't be read", extra={"reason": type(error).__name__})
            return None
        return stored.session if stored.session and stored.fingerprint == self._fingerprint else None

    def save(self, session: str) -> None:
        """Stores the session. When the disk fails, a login is needed after the next restart; nothing else is lost."""
        content = msgspec.json.encode(_StoredSession(self._fingerprint, session))
        try:
            replace_durably(self._path, content, mode=0o600)
        except OSError as error:
            log.warning("the session could not be stored", extra={"reason": type(error).__name__})

    def forget(self) -> None:
        """Removes the session, because it is over."""
        with contextlib.suppress(OSError):
            self._path.unlink(missing_ok=True)
