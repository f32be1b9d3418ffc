"""Proves the rows of one account against its events, page by page, and on from there when more have come."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
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
from executor.orders import OPEN, IllegalStep


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
class Walk:
    """One account as of the latest event that was proved. Orders that have ended are proved and forgotten.

    proof: the counts so far.
    replay: open orders, balances and controls.
    hash: the hash of the latest event.
    controls: the controls after each event that changed them, by its sequence.
    reversed: the sequences of the fills that were taken back.
    unseen: the open orders that changed since their rows were last compared.
    latest: the sequence of the account's latest event, as of the latest page.
    """

    proof: AccountProof
    replay: Replay = field(default_factory=Replay)
    hash: str = GENESIS
    controls: dict[int, Controls] = field(default_factory=lambda: {0: Controls()})
    reversed: set[int] = field(default_factory=set)
    unseen: set[str] = field(default_factory=set)
    latest: int = 0

    def copy(self) -> Walk:
        """Returns a walk that goes on from here by itself: a page that fails half-way leaves this one as it was."""
        replay = replace(self.replay, orders={**self.replay.orders}, terms={**self.replay.terms})
        controls, taken_back, unseen = {**self.controls}, {*self.reversed}, {*self.unseen}
        return Walk(replace(self.proof), replay, self.hash, controls, taken_back, unseen, self.latest)

    def prove(self, connection: sa.Connection, most: int) -> bool:
        """Proves up to `most` further events, and all that is as of the latest event once it is reached.

        `connection` is a transaction that sees one moment of the ledger. Returns true when the latest event of that
        moment is reached; a later call then proves what came since. Raises `LedgerFault` for the first bad row.
        """
        self.latest = rows.latest_sequence(connection, self.proof.account)
        if self.latest < self.proof.events:
            raise LedgerFault(f"{self.proof.account}: event {self.latest + 1} is missing, it was proved before")
        _prove_some(connection, self, most)
        ended = self.proof.events >= self.latest
        if ended:
            _prove_rest(connection, self)
        return ended


def _prove_some(connection: sa.Connection, walk: Walk, most: int) -> None:
    """Proves the next events, their postings and fills, and the orders that end with them."""
    proof = walk.proof
    first, last = proof.events + 1, proof.events + most
    log = schema.events.c
    postings = dict(_postings(connection, proof.account, first, last))
    fills: list[dict[str, Any]] = []
    ended: list[dict[str, Any]] = []
    received = 0
    for event in rows.events(connection, log.account == proof.account, log.sequence >= first, log.sequence <= last):
        _check_link(walk, event)
        lines = postings.pop(event.sequence, [])
        _check_postings(event, lines, _apply(connection, walk, event))
        proof.postings += len(lines)
        received += event.kind == "received"
        content = event.content
        if isinstance(content, OrderFilled):
            fills.append(writes.fill_row(event, content))
        _note_order(walk, event, ended)
    if postings:
        raise LedgerFault(f"{proof.account}: posting {min(postings)}/1 belongs to no event that may have it")
    proof.fills += len(fills)
    proof.orders += len(ended)
    check_rows(connection, schema.fills, proof.account, ("order_id", "trade_id"), fills)
    check_rows(connection, schema.orders, proof.account, ("order_id",), ended)
    _check_open(connection, walk, (first, last))
    _check_count(connection, proof.account, schema.fills.c.sequence, (first, last), len(fills))
    _check_count(connection, proof.account, schema.orders.c.received_sequence, (first, last), received)


def _note_order(walk: Walk, event: LedgerEvent, ended: list[dict[str, Any]]) -> None:
    """Notes the row that an order must have which has ended, and that of an open one as not compared yet."""
    order_id = event.order_id or ""
    order = walk.replay.orders.get(order_id)
    if order is None:
        return
    if order.status in (*OPEN, "received"):
        walk.unseen.add(order_id)
        return
    ended.append(writes.order_row(order, walk.replay.terms.pop(order_id, None)))
    del walk.replay.orders[order_id]
    walk.unseen.discard(order_id)


def _check_open(connection: sa.Connection, walk: Walk, page: tuple[int, int]) -> None:
    """Compares the rows of open orders that changed in this page, so that few are left for the end.

    One that a later event changed, or that says so, is left: that event has it compared, or the end.
    """
    table, name = schema.orders.c, walk.proof.account
    changed = [order_id for order_id in walk.unseen if page[0] <= walk.replay.orders[order_id].sequence]
    if changed:
        query = sa.select(table.order_id).where(table.order_id.in_(changed), table.sequence <= page[1])
        settled = sorted(connection.execute(query).scalars())
        check_rows(connection, schema.orders, name, ("order_id",), _rows_of(walk, settled))
        walk.unseen.difference_update(settled)


def _rows_of(walk: Walk, order_ids: Iterable[str]) -> list[dict[str, Any]]:
    replay = walk.replay
    return [writes.order_row(replay.orders[order_id], replay.terms.get(order_id)) for order_id in order_ids]


def _check_count(
    connection: sa.Connection, name: str, place: sa.Column[int], page: tuple[int, int], expected: int
) -> None:
    """Checks that a table has no more rows of a page of events than follow from it; these are compared themselves."""
    table = place.table
    query = sa.select(sa.func.count()).select_from(table).where(table.c.account == name, place.between(*page))
    found = connection.execute(query).scalar_one()
    if found > expected:
        events = f"{page[0]} to {page[1]}"
        raise LedgerFault(f"{name}: {table} has {found} rows of events {events}, {expected} follow from these")


def _postings(connection: sa.Connection, name: str, first: int, last: int) -> Iterator[tuple[int, list[sa.Row[Any]]]]:
    table = schema.postings
    wanted = (table.c.account == name, table.c.sequence >= first, table.c.sequence <= last)
    query = sa.select(table).where(*wanted).order_by(table.c.sequence, table.c.line)
    for sequence, lines in groupby(connection.execute(query), key=lambda row: int(row.sequence)):
        yield sequence, list(lines)


def _check_link(walk: Walk, event: LedgerEvent) -> None:
    proof, expected = walk.proof, walk.proof.events + 1
    if event.sequence != expected:
        raise LedgerFault(f"{proof.account}: event {expected} is missing, event {event.sequence} follows instead")
    if event.previous_hash != walk.hash:
        raise LedgerFault(f"{proof.account}: event {event.sequence} does not carry the hash of the event before it")
    if event.hash != event.expected_hash():
        raise LedgerFault(f"{proof.account}: event {event.sequence} was changed, its content does not lead to its hash")
    walk.hash, proof.events = event.hash, event.sequence


def _apply(connection: sa.Connection, walk: Walk, event: LedgerEvent) -> list[Posting]:
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


def _check_reversal(connection: sa.Connection, walk: Walk, event: LedgerEvent) -> None:
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


def _prove_rest(connection: sa.Connection, walk: Walk) -> None:
    """Proves what is as of the latest event: open orders, that there are no other rows, and the checkpoint."""
    proof = walk.proof
    check_rows(connection, schema.orders, proof.account, ("order_id",), _rows_of(walk, sorted(walk.unseen)))
    walk.unseen.clear()
    for place in (schema.postings.c.sequence, schema.fills.c.sequence, schema.orders.c.received_sequence):
        _check_no_others(connection, proof, place)
    _check_checkpoint(connection, walk)


def _check_no_others(connection: sa.Connection, proof: AccountProof, place: sa.Column[int]) -> None:
    outside = sa.or_(place < 1, place > proof.events)
    query = sa.select(place).where(place.table.c.account == proof.account, outside).limit(1)
    stray = connection.execute(query).scalar_one_or_none()
    if stray is not None:
        raise LedgerFault(f"{proof.account}: {place.table} has a row of event {stray}, which is not there")


def _check_checkpoint(connection: sa.Connection, walk: Walk) -> None:
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


def _check_balances(connection: sa.Connection, walk: Walk, sequence: int) -> None:
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
