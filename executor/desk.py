"""The way of every command: done here where this executor writes the account, else forwarded to the one that does."""

from __future__ import annotations

import time

from common import wire
from common.answers import AccountStatus
from common.codec import read
from executor.command_messages import REPEATABLE, AnyCommand, Read
from executor.commands import NOT_WRITING, Answer, Commands
from executor.errors import LedgerUnavailable, NotWriting
from executor.ledger.timings import LedgerTimings
from executor.peers.client import NotSent, PeerClient
from executor.peers.frames import PeerError
from executor.store import Ledger

LOOK_AGAIN_SECONDS = 0.02


class Desk:
    """Takes every command, whichever executor writes the account."""

    def __init__(self, ledger: Ledger, commands: Commands, peers: PeerClient, timings: LedgerTimings) -> None:
        self._ledger, self._commands, self._peers, self._timings = ledger, commands, peers, timings

    def do(self, command: AnyCommand) -> Answer:
        """Returns the answer once it is durable. Raises `ServiceError` where it fails here.

        A command is given again while the writer changes, but not when it may have been done and a second time would
        do more: then `LedgerUnavailable` says so.
        """
        until, reason = float("inf"), "no executor writes the account at this moment"
        while True:
            try:
                if self._ledger.writer.reign is not None:
                    return self._commands.do(command)
                holder = self._ledger.writer.holder
                if holder is not None and holder.address:
                    return self._forwarded(holder.address, command)
            except NotWriting as error:
                reason = error.reason
            except LedgerUnavailable as error:
                if not isinstance(command, REPEATABLE):
                    raise
                reason = error.reason
            away, now = self._ledger.writer.away, time.monotonic()
            until = min(until, now + self._timings.change)
            if away is not None or now >= until:
                raise LedgerUnavailable(away or reason)
            time.sleep(LOOK_AGAIN_SECONDS)

    def account(self) -> AccountStatus:
        """Returns the account as of now."""
        return read(AccountStatus, self.do(Read(part="account")).body)

    def close(self) -> None:
        """Ends the connection to the writer."""
        self._peers.close()

    def _forwarded(self, address: str, command: AnyCommand) -> Answer:
        try:
            frame = self._peers.ask(address, wire.encode(command), self._timings.answer)
        except NotSent as error:
            raise NotWriting(str(error)) from error
        except PeerError as error:
            if isinstance(command, REPEATABLE):
                raise NotWriting(str(error)) from error
            raise LedgerUnavailable(str(error)) from error
        if frame.status == NOT_WRITING:
            raise NotWriting(f"{address} does not write the account any more")
        return Answer(frame.status, frame.body)
