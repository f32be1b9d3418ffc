"""Does what people want done with an alert: acknowledge, silence, and end either. Every act is in its history.

Alertmanager writes its silences to disk once in a while, so a kill loses the latest. Those that were made here are kept
in the inbox too, and are made again.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime
from functools import partial

import msgspec

from common.clock import Clock
from common.errors import NotFound, Unavailable
from web.alerts import acts
from web.alerts.acts import AcknowledgeRequest, KeptSilence, SilenceRequest, WithdrawRequest
from web.alerts.alertmanager import Alertmanager
from web.alerts.inbox import AlertInbox
from web.alerts.sent import ListedSilence

log = logging.getLogger(__name__)


class AlertActs:
    """Acts on alerts. Any thread may call it; `hold` is called by one.

    Every act raises `InvalidRequest`, `NotFound`, and `Unavailable` when Alertmanager or the inbox can't do it.
    """

    def __init__(self, inbox: AlertInbox, alertmanager: Alertmanager, clock: Clock) -> None:
        self._inbox = inbox
        self._alertmanager = alertmanager
        self._clock = clock

    def acknowledge(self, fingerprint: str, asked: AcknowledgeRequest) -> None:
        """Notes that somebody looks after an alert; a later word replaces an earlier one. Raises `AlertOver`."""
        given = acts.acknowledgement(asked, self._clock.now())
        self._inbox.change(fingerprint, lambda alert: acts.acknowledged(alert, given))
        _told("acknowledged", given.by, fingerprint, given.reason)

    def unacknowledge(self, fingerprint: str, asked: WithdrawRequest) -> None:
        """Notes that nobody looks after an alert any more."""
        asked, now = acts.withdrawal(asked), self._clock.now()
        self._inbox.change(fingerprint, lambda alert: acts.unacknowledged(alert, asked, now))
        _told("no longer acknowledged", asked.by, fingerprint, asked.reason)

    def silence(self, fingerprint: str, asked: SilenceRequest) -> KeptSilence:
        """Makes a silence of an alert in Alertmanager and keeps it. Raises `LabelsUnknown` and `TooManySilences`."""
        now = self._clock.now()
        wanted = acts.silence_of(self._inbox.one(fingerprint)[0], asked, now)
        if sum(not each.expired for each in self._inbox.silences(now)) >= acts.MOST_SILENCES:
            raise acts.TooManySilences(f"{acts.MOST_SILENCES} silences that were made here hold already: end some")
        made = msgspec.structs.replace(wanted, silence_id=self._alertmanager.silence(wanted))
        try:
            self._inbox.keep_silence(made, now)
        except Unavailable:
            with suppress(Unavailable):
                self._alertmanager.expire(made.silence_id)
            raise
        _told("silenced", made.by, fingerprint, made.reason)
        return made

    def expire(self, silence_id: str, asked: WithdrawRequest) -> None:
        """Ends a silence, whoever made it."""
        asked, now = acts.withdrawal(asked), self._clock.now()
        ended = acts.silence_id(silence_id)
        there = self._alertmanager.expire(ended)
        known = self._inbox.end_silence(ended, now, partial(acts.unsilenced, ended=ended, asked=asked, now=now))
        if not (there or known):
            raise NotFound("neither Alertmanager nor the inbox has a silence of this id")
        _told("no longer silenced", asked.by, ended, asked.reason)

    def hold(self) -> None:
        """Compares Alertmanager's silences with those that were made here, and makes again what it has lost.

        One that it lists as expired was ended by somebody. When it forgets that too, the silence is ended again.
        Raises `Unavailable`.
        """
        now = self._clock.now()
        kept = self._inbox.silences(now)
        if not kept:
            return
        listed = {each.silence_id: each for each in self._alertmanager.silences()}
        if changed := _changed(kept, listed):
            self._inbox.update_silences(changed)
        failures = [failure for each in kept if (failure := self._hold(each, listed.get(each.silence_id), now))]
        if failures:
            raise failures[0]

    def _hold(self, kept: KeptSilence, there: ListedSilence | None, now: datetime) -> Unavailable | None:
        """Returns the failure of one, so that the others are held all the same."""
        try:
            if there is None and not kept.expired:
                self._make_again(kept, now)
            elif there is not None and kept.expired and there.status.state != "expired":
                self._alertmanager.expire(kept.silence_id)
        except Unavailable as failure:
            return failure
        return None

    def _make_again(self, lost: KeptSilence, now: datetime) -> None:
        wanted = msgspec.structs.replace(lost, starts_at=now)
        made = msgspec.structs.replace(wanted, silence_id=self._alertmanager.silence(wanted))
        if not self._inbox.keep_silence(made, now, lost.silence_id):
            self._alertmanager.expire(made.silence_id)
            return
        _told("silenced again, because Alertmanager had lost it", lost.by, lost.fingerprint, lost.reason)


def _changed(kept: list[KeptSilence], listed: Mapping[str, ListedSilence]) -> list[KeptSilence]:
    """Returns the silences that somebody ended or gave another end in Alertmanager itself."""
    changed = []
    for each in kept:
        there = listed.get(each.silence_id)
        if there is None or each.expired:
            continue
        if there.status.state == "expired":
            changed.append(msgspec.structs.replace(each, expired=True))
        elif there.ends_at != each.ends_at:
            changed.append(msgspec.structs.replace(each, ends_at=there.ends_at))
    return changed


def _told(what: str, by: str, of: str, reason: str) -> None:
    log.warning("an alert was acted on", extra={"act": what, "by": by, "of": of, "reason": reason})
