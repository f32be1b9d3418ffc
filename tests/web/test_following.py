"""The streams' changes in the state: a slower answer never takes the place of a newer one."""

from __future__ import annotations

import threading
from decimal import Decimal

from common.answers import AccountStatus
from common.clock import SYSTEM_CLOCK
from web.cells import Cell, Changes, Reading
from web.following import read_account


def account(sequence: int) -> AccountStatus:
    return AccountStatus(
        market="simulated",
        account="paper",
        cash={"TRY": Decimal(1)},
        reserved={},
        open_orders=0,
        kill_switch=False,
        sequence=sequence,
        trading_state="ACTIVE",
    )


class SlowlyJudged(Cell[AccountStatus]):
    """Lets the stream bring a newer account, on its own thread, while the reader decides by the present one."""

    judged: threading.Thread | None = None
    _reading: Reading[AccountStatus]

    @property
    def reading(self) -> Reading[AccountStatus]:
        present = self._reading
        if self.judged is not None and threading.current_thread() is threading.main_thread():
            stream, self.judged = self.judged, None
            stream.start()
            stream.join(0.2)
        return present

    @reading.setter
    def reading(self, reading: Reading[AccountStatus]) -> None:
        self._reading = reading


def test_an_account_that_the_stream_brings_while_an_answer_is_judged_stays() -> None:
    cell = SlowlyJudged(SYSTEM_CLOCK, Changes(None))
    stream = threading.Thread(target=lambda: cell.put(account(3)))

    def ask() -> AccountStatus:
        cell.judged = stream
        return account(2)

    read_account(ask, cell)
    stream.join(5)
    assert cell.reading.value == account(3)


def test_an_account_that_the_stream_brought_while_it_was_asked_for_stays() -> None:
    cell: Cell[AccountStatus] = Cell(SYSTEM_CLOCK, Changes(None))

    def ask() -> AccountStatus:
        cell.put(account(3))
        return account(2)

    read_account(ask, cell)
    assert cell.reading.value == account(3)
