"""The one customer of the simulated AlgoLab: password, then a code by SMS, then a session that ends when unused."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from venue.bist.crypto import decrypted
from venue.bist.faults import Faults

CODE_SECONDS = 180.0
IDLE_SECONDS = timedelta(minutes=15).total_seconds()
SESSION_SECONDS = timedelta(hours=24).total_seconds()


@dataclass(frozen=True)
class Credentials:
    """What the customer was given: `API-…`, and what is typed at the first step."""

    api_key: str
    username: str
    password: str


@dataclass(slots=True)
class _Login:
    """A first step that was passed: its token, and the code that went to the phone."""

    token: str
    code: str
    at: float


@dataclass(slots=True)
class _Session:
    authorization: str
    began_at: float
    used_at: float


class Accounts:
    """Any thread may ask. There is one session: a later login ends the earlier one. `clock` gives unix seconds."""

    def __init__(self, credentials: Credentials, faults: Faults, clock: Callable[[], float]) -> None:
        self.credentials = credentials
        self._faults, self._clock = faults, clock
        self._lock = threading.Lock()
        self._login: _Login | None = None
        self._session: _Session | None = None
        self._signing_key = secrets.token_bytes(32)

    def log_in(self, username: str, password: str) -> str | None:
        """Step 1, both texts encrypted: the token for step 2, and a code to the phone; None when it is refused."""
        wanted = (self.credentials.username, self.credentials.password)
        if self._faults.take("refuse_login") or (self._plain(username), self._plain(password)) != wanted:
            return None
        with self._lock:
            self._login = _Login(secrets.token_hex(16), f"{secrets.randbelow(1_000_000):06d}", self._clock())
            return self._login.token

    def confirm(self, token: str, code: str) -> str | None:
        """Step 2, both texts encrypted: the session's Authorization; None when it is refused. A code works once."""
        given = (self._plain(token), self._plain(code))
        with self._lock:
            login, now = self._login, self._clock()
            if self._faults.take("refuse_sms") or login is None or now - login.at > CODE_SECONDS:
                return None
            if given != (login.token, login.code):
                return None
            self._login = None
            self._session = _Session(self._web_token(now), now, now)
            return self._session.authorization

    def phone(self) -> str | None:
        """The code of the latest login that still waits for it: what a person would read in the SMS."""
        with self._lock:
            return self._login.code if self._login else None

    def valid(self, authorization: str, *, use: bool) -> bool:
        """Whether it is the session's; with `use` that also keeps the session for another 15 minutes."""
        if self._faults.take("expire_session"):
            self.expire()
        with self._lock:
            session, now = self._session, self._clock()
            if session is None or not hmac.compare_digest(session.authorization.encode(), authorization.encode()):
                return False
            if now - session.used_at > IDLE_SECONDS or now - session.began_at > SESSION_SECONDS:
                self._session = None
                return False
            session.used_at = now if use else session.used_at
            return True

    def expire(self) -> None:
        """Ends the session."""
        with self._lock:
            self._session = None

    def _plain(self, text: str) -> str | None:
        try:
            return decrypted(self.credentials.api_key, text)
        except ValueError:
            return None

    def _web_token(self, now: float) -> str:
        """A JSON Web Token, HS256, good for a day. Nobody but this server has the key to it."""
        claims = {"nbf": int(now), "exp": int(now + SESSION_SECONDS), "jti": secrets.token_hex(8)}
        parts = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{parts}.{_part(hmac.new(self._signing_key, parts.encode(), hashlib.sha256).digest())}"


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
