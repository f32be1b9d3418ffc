"""Proves that every row of the ledger is as the events say, in short transactions, while it is traded on."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from decimal import localcontext
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from common import wire
from common.decimals import plain_text
from executor import account
from executor.account import Entry, Posting, unbalanced
from executor.guardrails.controls import Controls
from executor.ledger import rows, schema, writes
from executor.ledger.compare import LedgerFault, check_rows, shown
from executor.ledger.events import GENESIS, LedgerEvent, OrderFilled, reversal_in
from executor.ledger.replay import Replay
from executor.orders import OPEN, PRECISION, IllegalStep

EVENTS_TOGETHER = 2_000
"""Events that are read in one transaction: a longer one would keep the database from cleaning up behind the writer."""

Reading = Callable[[], AbstractContextManager[sa.Connection]]
"""Lends a transaction that sees one moment of the ledger."""
Progress = Callable[[str, int, int], None]
"""Is told an account's name, how many of its events are proved, and how many it had last."""


@dataclass
class AccountProof:
    """The proof of one account.

    account: the account's name.
    events, orders, fills, postings: how many rows were proved.
    """

    account: str
    events: int = 0
    orders: int = 0
    fills: int = 0
    postings: int = 0


@dataclass
class _Walk:
    """One account as of the latest event that was proved. Orders that have ended are proved and forgotten.

    proof: the counts so far.
    replay: open orders, balances and controls.
    hash: the hash of the latest event.
    controls: the controls after each event that changed them, by its sequence.
    reversed: the sequences of the fills that were taken back.
    """

    proof: AccountProof
    replay: Replay = field(default_factory=Replay)
    hash: str = GENESIS
    controls: dict[int, Controls] = field(default_factory=lambda: {0: Controls()})
    reversed: set[int] = field(default_factory=set)


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
    walk, ended = _Walk(AccountProof(name)), False
    while not ended:
        with reading() as connection:
            _prove_some(connection, walk)
            latest = rows.latest_sequence(connection, name)
            ended = walk.proof.events >= latest
            if ended:
                _prove_rest(connection, walk)
        progress(name, walk.proof.events, latest)
    return walk.proof


def _prove_some(connection: sa.Connection, walk: _Walk) -> None:
    """Proves the next events, their postings and fills, and the orders that end with them."""
    proof = walk.proof
    first, last = proof.events + 1, proof.events + EVENTS_TOGETHER
    log = schema.events.c
    postings = dict(_postings(connection, proof.account, first, last))
    fills: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    for event in rows.events(connection, log.account == proof.account, log.sequence >= first, log.sequence <= last):
        _check_link(walk, event)
        _check_postings(event, postings.pop(event.sequence, []), _apply(connection, walk, event))
        content = event.content
        if isinstance(content, OrderFilled):
            fills.append(writes.fill_row(event, content))
        _forget_ended(walk, event, ended)
    if postings:
        raise LedgerFault(f"{proof.account}: posting {min(postings)}/1 belongs to no event that may have it")
    proof.fills += len(fills)
    proof.orders += len(ended)
    check_rows(connection, schema.fills, proof.account, ("order_id", "trade_id"), fills)
    check_rows(connection, schema.orders, proof.account, ("order_id",), ended)


def _forget_ended(walk: _Walk, event: LedgerEvent, ended: list[dict[str, Any]]) -> None:
    order_id = event.order_id or ""
    order = walk.replay.orders.get(order_id)
    if order is not None and order.status not in (*OPEN, "received"):
        ended.append(writes.order_row(order, walk.replay.terms.pop(order_id, None)))
        del walk.replay.orders[order_id]


def _postings(connection: sa.Connection, name: str, first: int, last: int) -> Iterator[tuple[int, list[sa.Row[Any]]]]:
    table = schema.postings
    wanted = (table.c.account == name, table.c.sequence >= first, table.c.sequence <= last)
    query = sa.select(table).where(*wanted).order_by(table.c.sequence, table.c.line)
    for sequence, lines in groupby(connection.execute(query), key=lambda row: int(row.sequence)):
        yield sequence, list(lines)


def _check_link(walk: _Walk, event: LedgerEvent) -> None:
    proof, expected = walk.proof, walk.proof.events + 1
    if event.sequence != expected:
        raise LedgerFault(f"{proof.account}: event {expected} is missing, event {event.sequence} follows instead")
    if event.previous_hash != walk.hash:
        raise LedgerFault(f"{proof.account}: event {event.sequence} does not carry the hash of the event before it")
    if event.hash != event.expected_hash():
        raise LedgerFault(f"{proof.account}: event {event.sequence} was changed, its content does not lead to its hash")
    walk.hash, proof.events = event.hash, event.sequence


def _apply(connection: sa.Connection, walk: _Walk, event: LedgerEvent) -> list[Posting]:
    name, before = walk.proof.account, walk.replay.controls
    try:
        if event.kind == "reversed":
            _check_reversal(connection, walk, event)
        effect = walk.replay.apply(event)
    except (KeyError, IllegalStep, msgspec.MsgspecError) as error:
        raise LedgerFault(f"{name}: event {event.sequence} can't follow what came before it ({error})") from error
    if walk.replay.controls != before:
        walk.controls[event.sequence] = walk.replay.controls
    return effect.postings


def _check_reversal(connection: sa.Connection, walk: _Walk, event: LedgerEvent) -> None:
    """Checks a reversal: a fill may be taken back once, by the opposite of its postings, which were proved before."""
    name, content, log = walk.proof.account, reversal_in(event), schema.events.c
    original = rows.postings(connection, name, content.sequence)
    expected = [(*posting.entry, posting.amount) for posting in account.opposite(original)]
    if [(line.name, line.symbol, line.unit, line.amount) for line in content.lines] != expected:
        raise LedgerFault(f"{name}: event {event.sequence} is not the opposite of event {content.sequence}")
    earlier = (log.account == name, log.sequence == content.sequence, log.sequence < event.sequence)
    found = [fill for fill in rows.events(connection, *earlier) if fill.kind == "filled"]
    of_it = found and found[0].order_id == event.order_id and _trade_id(found[0]) == content.trade_id
    if not of_it or content.sequence in walk.reversed:
        raise LedgerFault(f"{name}: event {event.sequence} reverses what is no fill, or was reversed before")
    walk.reversed.add(content.sequence)


def _trade_id(event: LedgerEvent) -> str:
    return msgspec.json.decode(event.payload, type=OrderFilled).fill.trade_id


def _check_postings(event: LedgerEvent, lines: list[sa.Row[Any]], expected: list[Posting]) -> None:
    where = f"{event.account}: posting {event.sequence}"
    stored = [(row.line, Posting(Entry(row.name, row.symbol, row.unit), row.amount)) for row in lines]
    for line, posting in enumerate(expected, start=1):
        match = next((found for number, found in stored if number == line), None)
        if match is None:
            raise LedgerFault(f"{where}/{line} is missing, it must be {shown(posting)}")
        if match != posting:
            raise LedgerFault(f"{where}/{line} is {shown(match)}, it must be {shown(posting)}")
    if len(stored) > len(expected):
        raise LedgerFault(f"{where}/{stored[-1][0]} is one too many")
    sums = unbalanced(posting for _, posting in stored)
    if sums:
        left = ", ".join(f"{plain_text(amount)} {unit}" for unit, amount in sums.items())
        raise LedgerFault(f"{where}: the postings do not add up to zero: {left}")


def _prove_rest(connection: sa.Connection, walk: _Walk) -> None:
    """Proves what is as of the latest event: open orders, that there are no other rows, and the checkpoint."""
    proof, replay = walk.proof, walk.replay
    still_open = [writes.order_row(order, replay.terms.get(order.order_id)) for order in replay.orders.values()]
    check_rows(connection, schema.orders, proof.account, ("order_id",), still_open)
    proof.orders += len(still_open)
    _check_no_others(connection, proof)
    _check_checkpoint(connection, walk)


def _check_no_others(connection: sa.Connection, proof: AccountProof) -> None:
    for table, proved in ((schema.orders, proof.orders), (schema.fills, proof.fills)):
        count = sa.select(sa.func.count()).select_from(table).where(table.c.account == proof.account)
        found = connection.execute(count).scalar_one()
        if found != proved:
            raise LedgerFault(f"{proof.account}: {table.name} has {found} rows, {proved} follow from events")
    lines = schema.postings.c
    other = sa.select(lines.sequence).where(lines.account == proof.account, lines.sequence > proof.events).limit(1)
    stray = connection.execute(other).scalar_one_or_none()
    if stray is not None:
        raise LedgerFault(f"{proof.account}: posting {stray}/1 belongs to no event that may have it")
    proof.postings = connection.execute(
        sa.select(sa.func.count()).select_from(schema.postings).where(lines.account == proof.account)
    ).scalar_one()


def _check_checkpoint(connection: sa.Connection, walk: _Walk) -> None:
    proof, log = walk.proof, schema.events.c
    checkpoint = rows.head(connection, proof.account)
    if checkpoint is None:
        raise LedgerFault(f"{proof.account}: there is no checkpoint, the last event is {proof.events}")
    at = list(rows.events(connection, log.account == proof.account, log.sequence == checkpoint.sequence))
    if [event.hash for event in at] != [checkpoint.hash]:
        raise LedgerFault(f"{proof.account}: the checkpoint's hash is not that of event {checkpoint.sequence}")
    expected = walk.controls[max(sequence for sequence in walk.controls if sequence <= checkpoint.sequence)]
    if checkpoint.controls != expected:
        found, wanted = (wire.encode(each).decode() for each in (checkpoint.controls, expected))
        raise LedgerFault(f"{proof.account}: the controls are {found}, the events say {wanted}")
    _check_balances(connection, walk, checkpoint.sequence)


def _check_balances(connection: sa.Connection, walk: _Walk, sequence: int) -> None:
    """Compares the balances of the checkpoint, which is as of `sequence`, with the postings up to it."""
    name, balances = walk.proof.account, dict(walk.replay.balances)
    for entry, amount in rows.moved_since(connection, name, sequence):
        balances[entry] -= amount
    stored = rows.balances(connection, name)
    for entry in sorted(balances.keys() | stored.keys()):
        found, expected = stored.get(entry), balances.get(entry)
        if found is None and not expected:
            continue  # it was first moved after the checkpoint
        where = f"{name}: balances {'/'.join(part for part in entry if part)}"
        if found is None or expected is None:
            raise LedgerFault(f"{where} is missing" if found is None else f"{where} follows from no event")
        if found != expected:
            raise LedgerFault(f"{where}: amount is {plain_text(found)}, the events say {plain_text(expected)}")
