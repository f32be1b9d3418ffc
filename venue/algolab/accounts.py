"""The one customer of the simulated AlgoLab: a password, a code by SMS, and a session that ends."""

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

from venue.algolab.crypto import decrypted
from venue.algolab.faults import AlgoLabFaults

CODE_SECONDS = 180.0
IDLE_SECONDS = timedelta(minutes=15).total_seconds()
SESSION_SECONDS = timedelta(hours=24).total_seconds()


@dataclass(frozen=True)
class CustomerCredentials:
    """The customer's credentials.

    api_key: `API-` and a key in base64.
    username: typed at the first step of a login.
    password: typed at the first step of a login.
    """

    api_key: str
    username: str
    password: str


@dataclass(slots=True)
class _Login:
    """A login whose first step was passed.

    token: names the login at the second step.
    code: went to the phone.
    at: when the first step was passed, unix seconds.
    """

    token: str
    code: str
    at: float


@dataclass(slots=True)
class _Session:
    """The session of the customer. Times are unix seconds.

    authorization: the header that proves it.
    began_at: when it began.
    used_at: when it was used for the last time.
    """

    authorization: str
    began_at: float
    used_at: float


class Accounts:
    """Keeps the customer's one session: a later login ends the earlier one. Any thread may call.

    As with the real broker, a session outlives a restart of the server: its token is signed with a key that follows
    from the credentials. So the server takes a token of its own that is from before its start, until a session has
    begun or was ended since.

    credentials: what a login must show.
    """

    def __init__(self, credentials: CustomerCredentials, faults: AlgoLabFaults, unix: Callable[[], float]) -> None:
        """`unix` returns the time in unix seconds."""
        self.credentials = credentials
        self._faults, self._unix = faults, unix
        self._lock = threading.Lock()
        self._login: _Login | None = None
        self._session: _Session | None = None
        self._started_at, self._takes_earlier = unix(), True
        secret = f"{credentials.api_key}\n{credentials.username}\n{credentials.password}"
        self._signing_key = hashlib.sha256(secret.encode()).digest()

    def log_in(self, username: str, password: str) -> str | None:
        """Does step 1 of a login; both texts are encrypted. Returns the token for step 2, or None when it is refused.

        A code goes to the phone.
        """
        wanted = (self.credentials.username, self.credentials.password)
        if self._faults.next_fault("refuse_login") or (self._plain(username), self._plain(password)) != wanted:
            return None
        with self._lock:
            self._login = _Login(secrets.token_hex(16), f"{secrets.randbelow(1_000_000):06d}", self._unix())
            return self._login.token

    def confirm(self, token: str, code: str) -> str | None:
        """Does step 2 of a login; both texts are encrypted. Returns the session's Authorization, or None when refused.

        A code works once.
        """
        given = (self._plain(token), self._plain(code))
        with self._lock:
            login, now = self._login, self._unix()
            if self._faults.next_fault("refuse_sms") or login is None or now - login.at > CODE_SECONDS:
                return None
            if given != (login.token, login.code):
                return None
            self._login, self._takes_earlier = None, False
            self._session = _Session(self._web_token(now), now, now)
            return self._session.authorization

    def phone(self) -> str | None:
        """Returns the code in the newest SMS, or None when no login waits for its code."""
        with self._lock:
            return self._login.code if self._login else None

    def valid(self, authorization: str, *, use: bool) -> bool:
        """Returns true when it is the session's Authorization. `use` keeps the session for another 15 minutes."""
        if self._faults.next_fault("expire_session"):
            self.expire()
        with self._lock:
            if self._session is None and self._takes_earlier:
                self._session = self._earlier_session(authorization)
            session, now = self._session, self._unix()
            if session is None or not hmac.compare_digest(session.authorization.encode(), authorization.encode()):
                return False
            if now - session.used_at > IDLE_SECONDS or now - session.began_at > SESSION_SECONDS:
                self._session, self._takes_earlier = None, False
                return False
            session.used_at = now if use else session.used_at
            return True

    def expire(self) -> None:
        """Ends the session."""
        with self._lock:
            self._session, self._takes_earlier = None, False

    def _plain(self, text: str) -> str | None:
        try:
            return decrypted(self.credentials.api_key, text)
        except ValueError:
            return None

    def _web_token(self, now: float) -> str:
        """Returns a JSON Web Token (HS256) that is good for a day."""
        claims = {"nbf": int(now), "exp": int(now + SESSION_SECONDS), "jti": secrets.token_hex(8)}
        parts = ".".join(_part(json.dumps(part).encode()) for part in ({"alg": "HS256", "typ": "JWT"}, claims))
        return f"{parts}.{self._signature(parts)}"

    def _signature(self, parts: str) -> str:
        return _part(hmac.new(self._signing_key, parts.encode(), hashlib.sha256).digest())

    def _earlier_session(self, authorization: str) -> _Session | None:
        """Returns the session of a token that was given before this server's start; None when it is none of its own."""
        parts, _, signature = authorization.rpartition(".")
        if not hmac.compare_digest(signature.encode(), self._signature(parts).encode()):
            return None
        claims = parts.rpartition(".")[2]
        began_at = float(json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["nbf"])
        return _Session(authorization, began_at, self._unix()) if began_at <= self._started_at else None


def _part(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
