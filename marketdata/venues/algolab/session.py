"""AlgoLab's session: a login in two steps with a code from a text message, kept alive, and never tried in a loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal, Protocol

from common.errors import ServiceError, Unavailable
from common.wire import Message
from marketdata.venues.algolab.counters import Counts
from marketdata.venues.algolab.vault import Vault
from marketdata.link.connection import NotReady
from marketdata.rest.replies import Reply, RestError, Unauthorized
from marketdata.venues.algolab import answers as rest
from marketdata.venues.algolab.signing import key_fault

log = logging.getLogger(__name__)

SessionState = Literal["NO_CREDENTIALS", "AUTH_REQUIRED", "SMS_SENT", "ACTIVE", "REFUSED"]
MOST_CODES = 3


class Status(Message, frozen=True, kw_only=True):
    """What the session is in, since when, and why. It never holds a secret."""

    state: SessionState
    since: datetime
    reason: str


class WrongStep(ServiceError):
    """The step does not fit the session's state."""

    status = 409
    code = "SESSION_STATE"


class LoginRefused(ServiceError):
    """The venue refused the credentials or the code."""

    status = 409
    code = "LOGIN_REFUSED"


@dataclass(frozen=True)
class Credentials:
    """What the customer was given. Never shown, also not by accident."""

    api_key: str
    username: str
    password: str

    def __repr__(self) -> str:
        return "Credentials(…)"

    def fault(self) -> str | None:
        """What is missing or malformed, or None."""
        if not (self.api_key and self.username and self.password):
            return "API key, user name and password are not all set"
        return key_fault(self.api_key)


class Rest(Protocol):
    """What is needed of a client: one call, within the venue's limits; raises `RestError`."""

    def post(self, endpoint: str, path: str, body: bytes, *, headers: Mapping[str, str] | None = None) -> Reply: ...


class Session:
    """Safe between threads; steps that call the venue are made one at a time. `wall_clock` gives unix seconds.

    It begins with a kept session, or with `ready`, one that the operator brought. `changed` is called, from whichever
    thread, when a session begins or ends. A session that the venue no longer takes is over: only `login` gets another.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        rest_client: Rest,
        vault: Vault,
        counts: Counts,
        wall_clock: Callable[[], float],
        ready: str = "",
        doubled_path: bool = False,
    ) -> None:
        self._credentials, self._rest, self._vault, self._counts = credentials, rest_client, vault, counts
        self._wall_clock, self._doubled = wall_clock, doubled_path
        self.changed: Callable[[], None] = lambda: None
        self._calling, self._lock = threading.Lock(), threading.Lock()
        self._candidates = [each for each in dict.fromkeys((vault.load(), ready)) if each]
        self._session: str | None = None
        self._login_token = ""
        self._codes = 0
        fault = credentials.fault()
        self._status = self._now("NO_CREDENTIALS" if fault else "AUTH_REQUIRED", fault or "no session is kept: log in")
        if fault is None and self._candidates:
            self._session = self._candidates.pop(0)
            self._status = self._now("ACTIVE", "a session that was kept, not proved yet")

    def status(self) -> Status:
        """The state now."""
        return self._status

    def token(self) -> str | None:
        """The session's hash, while there is a session."""
        return self._session

    def trouble(self) -> str | None:
        """Why there is no session, or None."""
        status = self._status
        return None if status.state == "ACTIVE" else f"{status.state}: {status.reason}"

    def socket_headers(self) -> Mapping[str, str]:
        """What the socket's upgrade carries; raises `NotReady` without a session."""
        session = self._session
        if session is None:
            raise NotReady(f"no session ({self._status.state})")
        return rest.socket_headers(self._credentials.api_key, session)

    def login(self) -> Status:
        """Step 1: has the venue send a code. Raises `LoginRefused`, `WrongStep`, or `Unavailable`."""
        with self._calling:
            if self._status.state in ("NO_CREDENTIALS", "ACTIVE"):
                raise WrongStep(f"{self._status.state}: {self._status.reason}", state=self._status.state)
            known = self._credentials
            body = rest.login_body(known.api_key, known.username, known.password)
            self._login_token = self._step(rest.LOGIN, body, "token", "REFUSED")
            self._counts.logins["sms_sent"] += 1
            self._codes = 0
            self._set(None, "SMS_SENT", "the venue has sent a code")
            return self._status

    def sms(self, code: str) -> Status:
        """Step 2: the code from the text message. Raises as `login`; a wrong code may be followed by another one."""
        with self._calling:
            if self._status.state != "SMS_SENT":
                raise WrongStep(f"no code is awaited: the state is {self._status.state}", state=self._status.state)
            self._codes += 1
            otherwise: SessionState = "SMS_SENT" if self._codes < MOST_CODES else "AUTH_REQUIRED"
            body = rest.confirm_body(self._credentials.api_key, self._login_token, code)
            session = self._step(rest.CONFIRM, body, "hash", otherwise)
            self._counts.logins["active"] += 1
            self._login_token = ""
            self._vault.save(session)
            self._set(session, "ACTIVE", "logged in")
            return self._status

    def call(self, name: str, body: bytes) -> bytes:
        """A signed call; raises `RestError`, `Unauthorized` among them, after which the session is over, and `NotReady`
        without one."""
        session = self._session
        if session is None:
            raise NotReady(f"no session ({self._status.state})")
        headers = rest.call_headers(self._credentials.api_key, session, name, body, doubled=self._doubled)
        try:
            return self._rest.post(name, rest.path(name), body, headers=headers).body
        except Unauthorized:
            self.lost(session, f"{name} was answered with 401")
            raise

    def lost(self, session: str | None, reason: str) -> None:
        """The venue no longer takes this session. Nothing happens when another one has begun meanwhile."""
        with self._lock:
            if session is None or session != self._session:
                return
            self._counts.sessions_lost += 1
            self._vault.forget()
            another = self._candidates.pop(0) if self._candidates else None
            self._session = another
            state: SessionState = "ACTIVE" if another else "AUTH_REQUIRED"
            self._status = self._now(state, f"{reason}; another session is tried" if another else f"{reason}: log in")
        log.error("the session is over", extra={"state": self._status.state, "reason": reason})
        self.changed()

    def _step(self, name: str, body: bytes, wanted: str, otherwise: SessionState) -> str:
        """One call of a login and the text it brings; a refusal leaves the state `otherwise`."""
        try:
            reply = self._rest.post(name, rest.path(name), body, headers=rest.key_headers(self._credentials.api_key))
            return rest.read_text(reply.body, wanted)
        except (rest.Refused, Unauthorized) as error:
            self._counts.logins["refused"] += 1
            reason = f"the venue refused: {error}"
            self._set(None, otherwise, reason)
            raise LoginRefused(reason, state=otherwise) from None
        except (RestError, rest.Unusable) as error:
            self._counts.logins["failed"] += 1
            raise Unavailable(f"the venue gives no answer to use: {error}") from error

    def _set(self, session: str | None, state: SessionState, reason: str) -> None:
        with self._lock:
            before, self._session = self._session, session
            self._status = self._now(state, reason)
        log.info("the session's state", extra={"state": state, "reason": reason})
        if session != before:
            self.changed()

    def _now(self, state: SessionState, reason: str) -> Status:
        return Status(state=state, since=datetime.fromtimestamp(self._wall_clock(), UTC), reason=reason)
