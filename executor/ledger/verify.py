"""Proves that every row of the ledger is as the events say, in short transactions, while it is traded on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace
from decimal import localcontext
from typing import Any

import sqlalchemy as sa

from executor.ledger import schema
from executor.ledger.walk import AccountProof, Walk
from executor.orders import PRECISION

EVENTS_TOGETHER = 2_000
"""Events that are read in one transaction: a longer one would keep the database from cleaning up behind the writer."""

Reading = Callable[[], AbstractContextManager[sa.Connection]]
"""Lends a transaction that sees one moment of the ledger."""
Progress = Callable[[str, int, int], None]
"""Is told an account's name, how many of its events are proved, and how many it had last."""


def verify(reading: Reading, progress: Progress = lambda _account, _done, _of: None) -> list[AccountProof]:
    """Proves every account and returns the proofs. Raises `LedgerFault` for the first bad row.

    Memory does not grow with the ledger, only with the orders that are open at a time.
    """
    with reading() as connection:
        names = connection.execute(_accounts()).scalars().all()
    with localcontext(prec=PRECISION):
        return [_account(reading, name, progress) for name in names]


def _accounts() -> sa.CompoundSelect[Any]:
    tables = (schema.accounts, schema.events, schema.postings, schema.fills, schema.orders, schema.balances)
    return sa.union(*(sa.select(table.c.account) for table in tables)).order_by("account")


def _account(reading: Reading, name: str, progress: Progress) -> AccountProof:
    walk, ended = Walk(AccountProof(name)), False
    while not ended:
        with reading() as connection:
            ended = walk.prove(connection, EVENTS_TOGETHER)
        progress(name, walk.proof.events, walk.latest)
    return replace(walk.proof, orders=walk.proof.orders + len(walk.replay.orders))
