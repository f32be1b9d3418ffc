"""Everything that is asked of AlgoLab unbidden: refreshing the session, logging in where no person has to, limits."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Protocol

from common.errors import ServiceError, Unavailable
from marketdata.venues.algolab.counters import Counts
from marketdata.venues.algolab.limits import Limits, Told
from marketdata.venues.algolab.session import Session
from marketdata.link.connection import Condition, NotReady
from marketdata.rest.replies import RestError
from marketdata.counters import Tally
from marketdata.venues.algolab import answers as rest

log = logging.getLogger(__name__)

REFRESH_SECONDS, REFRESH_AGAIN_SECONDS = 600.0, 60.0
LOGIN_SECONDS, QUICK_LOGINS, SLOWER = 60.0, 3, 10.0
LOOP_SECONDS = 0.5

Sms = Callable[[], str | None]
"""The code of the latest text message, where one can be read without a person; None while there is none."""


class Link(Protocol):
    """What is needed of the connection."""

    def condition(self) -> Condition: ...

    def wake(self) -> None: ...

    def resume(self) -> None: ...

    def drop(self, reason: str) -> None: ...


class Keeper:
    """One thread, one thing at a time. With `sms` it logs in by itself: at most once in `login_pause` seconds, and once
    in ten times that when `QUICK_LOGINS` in a row were refused or gave a session that did not prove good: as often as
    that, the next one is hardly better, yet nobody else is there to mend it. `clock` is monotonic."""

    def __init__(
        self,
        session: Session,
        link: Link,
        limits: Limits,
        *,
        sms: Sms | None,
        counts: Counts,
        tally: Tally,
        clock: Callable[[], float],
        login_pause: float = LOGIN_SECONDS,
    ) -> None:
        self._session, self._link, self._limits, self._sms = session, link, limits, sms
        self._counts, self._tally, self._clock, self._login_pause = counts, tally, clock, login_pause
        self._dialled_with: str | None = None
        self._condition_before: Condition | None = None
        self._login_at = float("-inf")
        self._logins = 0
        self._refresh_at = float("-inf")
        self._again = threading.Event()
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="algolab-keeper", daemon=True)
        session.changed = self._again.set

    def start(self) -> None:
        """Starts the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread, at the latest when the call under way times out."""
        self._stopped = True
        self._again.set()

    def proved(self) -> None:
        """The venue has taken the session: logging in has worked."""
        self._logins = 0

    def step(self) -> None:
        """Does what is due."""
        self._follow_session()
        now = self._clock()
        if self._session.token() is None:
            self._log_in(now)
        elif now >= self._refresh_at:
            self._refresh(now)
        else:
            self._ask_limits()

    def _run(self) -> None:
        while not self._stopped:
            try:
                self.step()
            except Exception:
                self._tally.failures["session"] += 1
                log.exception("keeping the session failed unexpectedly")
            self._again.wait(LOOP_SECONDS)
            self._again.clear()

    def _follow_session(self) -> None:
        """The socket is dialled with the present session, and a refused dial ends the session it was made with."""
        token, condition = self._session.token(), self._link.condition()
        if token is not None and token == self._dialled_with:
            if condition.state == "stopped" and condition is not self._condition_before:
                self._session.lost(token, f"the socket was refused ({condition.reason})")
            return
        before, self._dialled_with = self._dialled_with, token
        if token is None:
            return
        self._refresh_at, self._condition_before = float("-inf"), condition
        if before is not None and condition.state == "open":
            self._link.drop("another session has begun")
        self._link.resume()
        self._link.wake()

    def _log_in(self, now: float) -> None:
        pause = self._login_pause * (1.0 if self._logins < QUICK_LOGINS else SLOWER)
        if self._sms is None or now < self._login_at + pause or self._session.status().state == "NO_CREDENTIALS":
            return
        self._login_at = now
        try:
            self._session.login()
            code = self._sms()
            if code is not None:
                self._session.sms(code)
                self._logins += 1  # until it has proved good
        except ServiceError as error:
            self._logins += not isinstance(error, Unavailable)
            log.warning("logging in did not work", extra={"reason": error.message, "in_a_row": self._logins})

    def _refresh(self, now: float) -> None:
        """A venue that says no, or nothing, is asked again soon; only a 401 ends the session."""
        self._refresh_at = now + REFRESH_AGAIN_SECONDS
        try:
            goes_on = rest.read_refresh(self._session.call(rest.REFRESH, rest.body()))
        except (RestError, NotReady, rest.Unusable) as error:
            self._counts.refreshes["failed"] += 1
            log.warning("the session could not be refreshed", extra={"reason": str(error)})
            return
        self._counts.refreshes["ok" if goes_on else "refused"] += 1
        if goes_on:
            self.proved()
            self._refresh_at = now + REFRESH_SECONDS

    def _ask_limits(self) -> None:
        symbol = self._limits.wanted()
        if symbol is None:
            return
        asked = self._clock()
        try:
            answer = self._session.call(rest.EQUITY, rest.body(symbol=symbol))
            self._limits.tell(Told(symbol, rest.read_equity(answer), asked))
            self._counts.equity_infos["ok"] += 1
        except rest.Refused as error:
            self._counts.equity_infos["refused"] += 1
            self._limits.give_up(symbol)
            log.warning("the venue tells no limits", extra={"symbol": symbol, "reason": str(error)})
        except (RestError, NotReady, rest.Unusable) as error:
            self._counts.equity_infos["failed"] += 1
            log.info("the limits could not be asked for", extra={"symbol": symbol, "reason": str(error)})
