"""The taps: what a socket and a client of REST calls tell the tape."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol
from urllib.parse import urlencode

from common.tape import RecordKind, TapeRecord
from marketdata.rest.replies import Reply, RestError, Throttled
from marketdata.tape.secrets import Secrets

KEPT_HEADERS = ("Content-Type", "Retry-After", "Cache-Control", "Date")
"""The headers of an answer that are kept. Those of a request never are: they carry keys."""


NO_SECRETS = Secrets(tuple)
"""The secrets of a venue without a login. Its frames and bodies are kept as they came."""


class SocketTap(Protocol):
    """Hears what happens on one socket."""

    def came(self, event: str, at: float, unix: float, payloads: Sequence[bytes]) -> None:
        """Notes frames, a heartbeat, or that the socket is open: the events of `link.dial.DialEvent`."""

    def sent(self, text: str) -> None:
        """Notes a frame that is about to be sent."""

    def ended(self, reason: str) -> None:
        """Notes that the socket ended, or was never opened."""


class CallTap(Protocol):
    """Hears the REST calls of one client."""

    def called(
        self, asked: float, method: str, path: str, sent: Mapping[str, object], outcome: Reply | RestError
    ) -> None:
        """Notes one call that was asked for at `asked` (monotonic). `sent` has its parameters and its body."""


class Recorder(Protocol):
    """Takes records, with their payloads, from any thread, and never waits."""

    def now(self) -> tuple[float, float]:
        """Returns the time in seconds of the monotonic clock, and in unix seconds."""

    def put(self, record: TapeRecord, payloads: Sequence[bytes]) -> None:
        """Takes one record. Its sizes are filled in when it is written."""


class SocketTape:
    """Records one socket. `secrets` are blanked in every frame; None for a socket that carries none."""

    def __init__(self, tape: Recorder, link: str, secrets: Secrets | None = None) -> None:
        self._tape, self._link, self._secrets = tape, link, secrets
        self._kinds: dict[str, RecordKind] = {"opened": "opened", "frame": "in", "heartbeat": "heartbeat"}

    def came(self, event: str, at: float, unix: float, payloads: Sequence[bytes]) -> None:
        """Notes frames, a heartbeat, or that the socket is open."""
        kind = self._kinds[event]
        if kind != "in":
            payloads = ()
        elif self._secrets is not None:
            payloads = [self._secrets.blanked(payload) for payload in payloads]
        self._tape.put(TapeRecord(kind, self._link, at, unix), payloads)

    def sent(self, text: str) -> None:
        """Notes a frame that is about to be sent."""
        payload = text.encode(errors="replace")
        self._put("out", [payload if self._secrets is None else self._secrets.blanked(payload)])

    def ended(self, reason: str) -> None:
        """Notes that the socket ended, or was never opened."""
        self._put("closed", (), (self._secrets or NO_SECRETS).blanked_text(reason))

    def _put(self, kind: RecordKind, payloads: Sequence[bytes], reason: str = "") -> None:
        self._tape.put(TapeRecord(kind, self._link, *self._tape.now(), reason=reason), payloads)


class CallTape:
    """Records the calls of one client. `bare` are the paths whose bodies are left out altogether."""

    def __init__(self, tape: Recorder, link: str, secrets: Secrets | None = None, bare: Sequence[str] = ()) -> None:
        self._tape, self._link, self._secrets, self._bare = tape, link, secrets or NO_SECRETS, frozenset(bare)

    def called(
        self, asked: float, method: str, path: str, sent: Mapping[str, object], outcome: Reply | RestError
    ) -> None:
        """Notes one call. A call that was never made, for want of budget, is none."""
        if isinstance(outcome, RestError) and outcome.outcome == "no_budget":
            return
        at, unix = self._tape.now()
        fields, body = sent.get("fields"), sent.get("body")
        query = "?" + urlencode(fields, errors="replace") if isinstance(fields, Mapping) and fields else ""
        answered = isinstance(outcome, Reply)
        payloads = [body if isinstance(body, bytes) else b"", outcome.body if isinstance(outcome, Reply) else b""]
        reason = "" if isinstance(outcome, Reply) else outcome.reason
        record = TapeRecord(
            "call",
            self._link,
            at,
            unix,
            method=method,
            path=self._secrets.blanked_text(path + query),
            asked=asked,
            status=outcome.status,
            headers=_kept(outcome) if answered else _retry_after(outcome),
            reason="" if path in self._bare else self._secrets.blanked_text(reason),
        )
        if path in self._bare:
            payloads = [b"", b""]
        elif self._secrets is not NO_SECRETS:
            payloads = [self._secrets.blanked(each) for each in payloads]
        self._tape.put(record, payloads)


def _kept(outcome: Reply | RestError) -> dict[str, str]:
    if not isinstance(outcome, Reply):
        return {}
    return {name: outcome.headers[name] for name in KEPT_HEADERS if name in outcome.headers}


def _retry_after(outcome: Reply | RestError) -> dict[str, str]:
    """Returns the wait that a refusal asked for, as the header that told it."""
    return {"Retry-After": f"{outcome.seconds:.0f}"} if isinstance(outcome, Throttled) else {}
