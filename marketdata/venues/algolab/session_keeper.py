"""Keeps the session alive: refreshes it, logs in where no person has to, and asks for the shares' limits."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable

from common.errors import ServiceError, Unavailable
from common.loop import Loop
from marketdata.link.connection import ConnectionStatus, NotReady, VenueConnection
from marketdata.rest.replies import Barred, NoBudget, RestError, RestUnauthorized, Throttled, UnusableAnswer
from marketdata.venues.algolab import answers, endpoints
from marketdata.venues.algolab.counters import AlgolabCounters
from marketdata.venues.algolab.equity_requests import EquityAnswer, EquityRequests
from marketdata.venues.algolab.session import Session, TooSoon

log = logging.getLogger(__name__)

REFRESH_SECONDS, REFRESH_AGAIN_SECONDS = 600.0, 60.0
FIRST_REFRESH_SECONDS = 10.0
"""The socket tells sooner than a refresh if the broker knows a session, and costs none of the few calls."""
LOGIN_SECONDS, QUICK_LOGINS, SLOWER = 60.0, 3, 10.0
UNANSWERED_SECONDS = 3.0
"""The first pause after a login that got no answer; it doubles up to the usual one."""
LOOP_SECONDS = 0.5
SILENT_SECONDS = 120.0

Sms = Callable[[], str | None]
"""Returns the code of the latest text message; None while there is none. Only the simulated broker's can be read so."""


class SessionKeeper:
    """Makes every call to AlgoLab that no person asks for, one at a time.

    With `sms` it logs in by itself: at once after a session that had proved good, but at most `QUICK_LOGINS` times in
    `login_pause` seconds; and else once in `login_pause` seconds. After `QUICK_LOGINS` in a row that were refused, or
    gave a session that did not prove good, it logs in once in ten times that. A broker that was only asked too soon is
    asked again as soon as it wants; one that gave no answer, after some seconds, and then ever later. It never gives
    up, since no person is there to mend it.

    loop: does what is due.
    """

    def __init__(
        self,
        session: Session,
        link: VenueConnection,
        limits: EquityRequests,
        *,
        sms: Sms | None,
        counters: AlgolabCounters,
        monotonic: Callable[[], float],
        login_pause: float = LOGIN_SECONDS,
    ) -> None:
        self._session, self._link, self._limits, self._sms = session, link, limits, sms
        self._counters, self._monotonic, self._login_pause = counters, monotonic, login_pause
        self._dialled_with = session.token()  # the socket dials with it by itself
        self._status_before: ConnectionStatus | None = None
        self._login_at = float("-inf")
        self._logins, self._unanswered = 0, 0
        self._begun: deque[float] = deque(maxlen=QUICK_LOGINS)
        self._refresh_at = monotonic() + FIRST_REFRESH_SECONDS
        self.loop = Loop("algolab-session", self.step, silent_after=SILENT_SECONDS, retry=(LOOP_SECONDS, LOOP_SECONDS))

    def token(self) -> str | None:
        """Returns the session's hash; None while there is no session."""
        return self._session.token()

    def proved(self) -> None:
        """Notes that the broker has accepted the session: logging in has worked, and may be done again at once."""
        self._logins, self._login_at = 0, float("-inf")

    def step(self) -> None:
        """Waits a little for a change of the session, then does what is due."""
        self._session.changed.wait(LOOP_SECONDS)
        self._session.changed.clear()
        self._follow_session()
        now = self._monotonic()
        if self._session.token() is None:
            self._log_in(now)
        elif now >= self._refresh_at:
            self._refresh(now)
        else:
            self._ask_limits()

    def _follow_session(self) -> None:
        """Has the socket dialled with the present session. A refused dial ends the session that it was made with."""
        token, status = self._session.token(), self._link.status()
        if token is not None and token == self._dialled_with:
            if status.state == "stopped" and status is not self._status_before:
                self._session.lost(token, f"the socket was refused ({status.reason})")
                self._dialled_with = None  # a person may have the same one tried again
            return
        before, self._dialled_with = self._dialled_with, token
        if token is None:
            return
        self._refresh_at, self._status_before = self._monotonic() + FIRST_REFRESH_SECONDS, status
        if before is not None and status.state == "open":
            self._link.drop("another session has begun")
        self._link.resume()
        self._link.wake()

    def _log_in(self, now: float) -> None:
        if self._sms is None or now < self._login_at or self._session.status().state == "NO_CREDENTIALS":
            return
        if len(self._begun) == QUICK_LOGINS and now < self._begun[0] + self._login_pause:
            return
        try:
            self._session.login()
            code = self._sms()
            if code is not None:
                self._session.sms(code)
                self._begun.append(now)
                self._logins += 1  # until it has proved good
            pause = self._usual_pause()
        except ServiceError as error:
            pause = self._pause_after(error)
            seen = {"reason": error.message, "in_a_row": self._logins, "seconds": pause}
            log.warning("logging in did not work; it is tried again", extra=seen)
        else:
            self._unanswered = 0
        self._login_at = self._monotonic() + pause

    def _usual_pause(self) -> float:
        return self._login_pause * (1.0 if self._logins < QUICK_LOGINS else SLOWER)

    def _pause_after(self, error: ServiceError) -> float:
        """Returns the seconds before the next login. A broker that can't be reached may only be starting."""
        if isinstance(error, TooSoon):
            return error.seconds
        if isinstance(error, Unavailable):
            self._unanswered += 1
            return min(self._usual_pause(), UNANSWERED_SECONDS * 2.0 ** min(self._unanswered - 1, 30))
        self._logins, self._unanswered = self._logins + 1, 0
        return self._usual_pause()

    def _refresh(self, now: float) -> None:
        """Refreshes the session. After a no, or no answer, it does so again soon; only a refusal of it ends it."""
        self._refresh_at = now + REFRESH_AGAIN_SECONDS
        try:
            goes_on = answers.read_refresh(self._session.call(endpoints.REFRESH, endpoints.body()))
        except (RestError, NotReady, UnusableAnswer) as error:
            if isinstance(error, Throttled | Barred | NoBudget):
                self._refresh_at = self._monotonic() + error.seconds
            self._counters.refreshes["failed"] += 1
            log.warning("the session could not be refreshed", extra={"reason": str(error)})
            return
        self._counters.refreshes["ok" if goes_on else "refused"] += 1
        if goes_on:
            self.proved()
            self._session.keep()
            self._refresh_at = now + REFRESH_SECONDS

    def _ask_limits(self) -> None:
        symbol = self._limits.next_due()
        if symbol is None:
            return
        asked = self._monotonic()
        try:
            info = answers.read_equity(self._session.call(endpoints.EQUITY, endpoints.body(symbol=symbol)))
            self._limits.answer(EquityAnswer(symbol, info, asked))
            self._counters.equity_infos["ok"] += 1
        except answers.Refused as error:
            self._counters.equity_infos["refused"] += 1
            self._limits.give_up(symbol, str(error))
            log.warning("the broker tells no limits", extra={"symbol": symbol, "reason": str(error)})
        except RestUnauthorized as error:
            self._counters.equity_infos["refused"] += 1
            self._limits.refused(str(error))
            self._refresh_at = self._monotonic()  # which tells if the session is over, or this call alone is refused
            log.warning("the broker refuses to tell prices", extra={"symbol": symbol, "reason": str(error)})
        except (RestError, NotReady, UnusableAnswer) as error:
            if isinstance(error, Throttled | Barred | NoBudget):
                self._limits.postpone(symbol, error.seconds)
            self._counters.equity_infos["failed"] += 1
            if not isinstance(error, NoBudget):  # a call that only waits for its budget is none of the net's
                self._limits.failed(str(error))
            log.info("the limits could not be asked for", extra={"symbol": symbol, "reason": str(error)})
