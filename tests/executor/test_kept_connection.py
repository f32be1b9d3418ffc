"""A kept connection is closed by whoever finds it broken, and two may find that at once."""

from __future__ import annotations

import pytest

from executor.errors import LedgerUnavailable
from executor.ledger.kept import KeptConnection
from tests.executor.standin import Place


class ClosedTwice(KeptConnection):
    """Its connection is closed once more by another, in the middle of being closed."""

    closings = 0

    def close(self) -> None:
        self.closings += 1
        connection = self._connection
        if self.closings == 1 and connection is not None:
            invalidate = connection.invalidate

            def met() -> None:
                self.close()
                invalidate()

            connection.invalidate = met  # type: ignore[method-assign, assignment]
        super().close()


def test_a_connection_that_two_close_at_once_is_closed_and_opened_anew(place: Place) -> None:
    engine = place.engine()
    kept = ClosedTwice(engine)
    with kept.use() as driver:
        driver.execute("SELECT 1")
    kept.close()
    assert (kept.closings, kept.is_open) == (2, False)
    with kept.use() as driver:
        assert driver.execute("SELECT 1").fetchone() == (1,)
    kept.close()
    engine.dispose()


def test_a_connection_that_is_closed_while_it_is_used_fails_that_use_alone(place: Place) -> None:
    engine = place.engine()
    kept = KeptConnection(engine)

    def used_while_closed() -> None:
        with kept.use() as driver:
            kept.close()
            driver.execute("SELECT 1")

    with pytest.raises(LedgerUnavailable):
        used_while_closed()
    with kept.use() as driver:
        assert driver.execute("SELECT 1").fetchone() == (1,)
    kept.close()
    engine.dispose()
