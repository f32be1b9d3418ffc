"""A ledger's proof, over a connection of its own."""

from __future__ import annotations

from contextlib import nullcontext

from executor.ledger.engine import reading
from executor.ledger.verify import verify
from executor.ledger.walk import AccountProof
from tests.executor.standin import Place


def proved(place: Place) -> AccountProof:
    """Proves a ledger of one account."""
    engine = place.engine()
    with reading(engine) as connection:
        [found] = verify(lambda: nullcontext(connection))
    engine.dispose()
    return found
