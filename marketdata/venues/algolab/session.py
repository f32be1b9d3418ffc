"""AlgoLab's session: a login in two steps with a code from a text message, kept alive, and never tried in a loop."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Literal

from common.errors import ServiceError, Unavailable
from common.wire import Message
from marketdata.link.connection import NotReady
from marketdata.rest.client import RestClient
from marketdata.rest.replies import Barred, NoBudget, RestError, RestUnauthorized, Throttled, UnusableAnswer
from marketdata.venues.algolab import answers, endpoints
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.credentials import Credentials
from marketdata.venues.algolab.vault import Vault

log = logging.getLogger(__name__)

SessionState = Literal["NO_CREDENTIALS", "AUTH_REQUIRED", "SMS_SENT", "ACTIVE", "REFUSED"]
MOST_CODES = 3


class SessionStatus(Message, frozen=True, kw_only=True):
    """The state of the session. It never holds a secret.

    state: the state.
    since: when it began, UTC.
    reason: a sentence for people.
    """

    state: SessionState
    since: datetime
    reason: str


class WrongStep(ServiceError):
    """The step does not fit the session's state."""

    status = 409
    code = "SESSION_STATE"


class LoginRefused(ServiceError):
    """The broker refused the credentials or the code."""

    status = 409
    code = "LOGIN_REFUSED"


class TooSoon(Unavailable):
    """The broker was asked too soon, or it wants silence: the same step may be taken in `seconds`."""

    def __init__(self, message: str, seconds: float) -> None:
        super().__init__(message)
        self.seconds = seconds


class Session:
    """The session with the broker. Any thread may call it; calls to the broker are made one at a time.

    It begins with the stored session, or with `ready`, one that the operator brought. A session that the broker no
    longer accepts is over: only `login` gets another.

    changed: set when a session begins or ends; the one thread that waits for it clears it.
    """

    def __init__(
        self,
        credentials: Credentials,
        *,
        rest_client: RestClient,
        vault: Vault,
        counters: AlgolabCounters,
        unix: Callable[[], float],
        ready: str = "",
        doubled_path: bool = False,
    ) -> None:
        self._credentials, self._rest, self._vault, self._counters = credentials, rest_client, vault, counters
        self._unix, self._doubled = unix, doubled_path
        self.changed = threading.Event()
        self._calling, self._lock = threading.Lock(), threading.Lock()
        self._candidates = [each for each in dict.fromkeys((vault.load(), ready)) if each]
        self._session: str | None = None
        self._login_token = self._ended = ""
        self._codes, self._unkept = 0, False
        fault = credentials.fault()
        self._status = self._now(
            "NO_CREDENTIALS" if fault else "AUTH_REQUIRED", fault or "no session is stored: log in"
        )
        if fault is None and self._candidates:
            self._session = self._candidates.pop(0)
            self._status = self._now("ACTIVE", "a stored session, not proved yet")

    def status(self) -> SessionStatus:
        """Returns the present state."""
        return self._status

    def token(self) -> str | None:
        """Returns the session's hash; None while there is no session."""
        return self._session

    def secrets(self) -> tuple[str, ...]:
        """Returns the texts that must be recorded nowhere, the session's hash among them."""
        return *self._credentials.secrets(), self._session or ""

    def trouble(self) -> str | None:
        """Returns why there is no session, or None."""
        status = self._status
        return None if status.state == "ACTIVE" else f"{status.state}: {status.reason}"

    def socket_headers(self) -> Mapping[str, str]:
        """Returns the headers of the socket's upgrade. Raises `NotReady` without a session."""
        session = self._session
        if session is None:
            raise NotReady(f"no session ({self._status.state})")
        return endpoints.socket_headers(self._credentials.api_key, session)

    def login(self) -> SessionStatus:
        """Step 1: has the broker send a code. Raises `LoginRefused`, `WrongStep`, or `Unavailable`."""
        with self._calling:
            if self._status.state in ("NO_CREDENTIALS", "ACTIVE"):
                raise WrongStep(f"{self._status.state}: {self._status.reason}", state=self._status.state)
            known = self._credentials
            body = endpoints.login_body(known.api_key, known.username, known.password)
            self._login_token = self._step(endpoints.LOGIN, body, "token", "REFUSED")
            self._counters.logins["sms_sent"] += 1
            self._codes = 0
            self._set(None, "SMS_SENT", "the broker has sent a code")
            return self._status

    def sms(self, code: str) -> SessionStatus:
        """Step 2: hands in the code from the text message.

        Raises as `login` does. Another code may follow a wrong one.
        """
        with self._calling:
            if self._status.state != "SMS_SENT":
                raise WrongStep(f"no code is awaited: the state is {self._status.state}", state=self._status.state)
            self._codes += 1
            otherwise: SessionState = "SMS_SENT" if self._codes < MOST_CODES else "AUTH_REQUIRED"
            body = endpoints.confirm_body(self._credentials.api_key, self._login_token, code)
            session = self._step(endpoints.CONFIRM, body, "hash", otherwise)
            self._counters.logins["active"] += 1
            self._login_token = self._ended = ""
            self._vault.save(session)
            self._set(session, "ACTIVE", "logged in")
            return self._status

    def call(self, name: str, body: bytes) -> bytes:
        """Makes a signed call and returns the answer's body. Raises `RestError`, and `NotReady` without a session.

        After a refresh that raised `RestUnauthorized` the session is over. Another call may be refused by itself.
        """
        session = self._session
        if session is None:
            raise NotReady(f"no session ({self._status.state})")
        headers = endpoints.call_headers(self._credentials.api_key, session, name, body, doubled=self._doubled)
        try:
            return self._rest.post(name, endpoints.path(name), body, headers=headers).body
        except RestUnauthorized as error:
            if name == endpoints.REFRESH:
                self.lost(session, f"{name} was answered with {error.status}")
            raise

    def lost(self, session: str | None, reason: str) -> None:
        """Ends a session that the broker no longer accepts. Does nothing when another one has begun meanwhile."""
        with self._lock:
            if session is None or session != self._session:
                return
            self._counters.sessions_lost += 1
            self._vault.forget()
            self._ended, self._unkept = session, False
            another = self._candidates.pop(0) if self._candidates else None
            self._session = another
            state: SessionState = "ACTIVE" if another else "AUTH_REQUIRED"
            self._status = self._now(state, f"{reason}; another session is tried" if another else f"{reason}: log in")
        log.error("the session is over", extra={"state": self._status.state, "reason": reason})
        self.changed.set()

    def again(self) -> bool:
        """Tries the session that ended last once more, because a person says so. Returns false without one."""
        with self._lock:
            ended, self._ended = self._ended, ""
            if not ended or self._status.state != "AUTH_REQUIRED":
                return False
            self._session, self._unkept = ended, True
            self._status = self._now("ACTIVE", "the last session, tried again")
        self.changed.set()
        return True

    def keep(self) -> None:
        """Notes that the broker accepts the session. One that had ended before is stored again."""
        session, unkept = self._session, self._unkept
        self._unkept = False
        if unkept and session is not None:
            self._vault.save(session)

    def _step(self, name: str, body: bytes, wanted: str, otherwise: SessionState) -> str:
        """Makes one call of a login and returns the text in it. After a refusal the state is `otherwise`."""
        try:
            reply = self._rest.post(
                name, endpoints.path(name), body, headers=endpoints.key_headers(self._credentials.api_key)
            )
            return answers.read_text(reply.body, wanted)
        except (answers.Refused, RestUnauthorized) as error:
            self._counters.logins["refused"] += 1
            reason = f"the broker refused: {error}"
            self._set(None, otherwise, reason)
            raise LoginRefused(reason, state=otherwise) from None
        except (Throttled, Barred, NoBudget) as error:
            self._counters.logins["failed"] += 1
            raise TooSoon(f"the broker wants to be asked later: {error}", error.seconds) from error
        except (RestError, UnusableAnswer) as error:
            self._counters.logins["failed"] += 1
            raise Unavailable(f"the broker gives no usable answer: {error}") from error

    def _set(self, session: str | None, state: SessionState, reason: str) -> None:
        with self._lock:
            before, self._session = self._session, session
            self._status = self._now(state, reason)
        log.info("the session's state", extra={"state": state, "reason": reason})
        if session != before:
            self.changed.set()

    def _now(self, state: SessionState, reason: str) -> SessionStatus:
        return SessionStatus(state=state, since=datetime.fromtimestamp(self._unix(), UTC), reason=reason)
