"""Proves a ledger from its events alone: the chain, its gaps, zero sums, and every table that follows from them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from decimal import Decimal, localcontext
from itertools import groupby
from typing import Any

import msgspec
import sqlalchemy as sa

from common import wire
from common.decimals import plain_text
from executor import account
from executor.account import Entry, Posting, Terms, unbalanced
from executor.ledger import rows, schema, writes
from executor.ledger.events import GENESIS, LedgerEvent, reversal_in
from executor.ledger.replay import Replay
from executor.orders import PRECISION, IllegalStep


class LedgerFault(Exception):
    """Names the first row that is not as the events say, in one sentence."""


@dataclass
class Proof:
    """The proof of one account.

    account: the account's name.
    replay: the state that its events lead to.
    fills: the rows of its fills that its events lead to, by order id and trade id.
    reversed: the sequences of the fills that were taken back.
    postings: how many postings it has.
    last: its latest event; None for an account without events.
    """

    account: str
    replay: Replay
    fills: dict[tuple[str, str], dict[str, Any]]
    reversed: set[int] = field(default_factory=set)
    postings: int = 0
    last: LedgerEvent | None = None


def verify(connection: sa.Connection) -> list[Proof]:
    """Checks every account and returns the proofs. Raises `LedgerFault` for the first bad row."""
    with localcontext(prec=PRECISION):
        return [_account(connection, name) for name in connection.execute(_accounts()).scalars().all()]


def _accounts() -> sa.CompoundSelect[Any]:
    tables = (schema.accounts, schema.events, schema.postings, schema.fills, schema.orders, schema.balances)
    return sa.union(*(sa.select(table.c.account) for table in tables)).order_by("account")


def _account(connection: sa.Connection, name: str) -> Proof:
    proof = Proof(name, Replay(), {})
    postings = _postings(connection, name)
    found = next(postings, None)
    for event in rows.events(connection, schema.events.c.account == name):
        _check_link(proof, event)
        if found is not None and found[0] < event.sequence:
            break
        lines = found[1] if found is not None and found[0] == event.sequence else []
        _check_postings(event, lines, _apply(connection, proof, event))
        proof.postings += len(lines)
        if lines:
            found = next(postings, None)
    if found is not None:
        raise LedgerFault(f"{name}: posting {found[0]}/1 belongs to no event that may have it")
    _check_projections(connection, proof)
    return proof


def _postings(connection: sa.Connection, account: str) -> Iterator[tuple[int, list[sa.Row[Any]]]]:
    table = schema.postings
    query = sa.select(table).where(table.c.account == account).order_by(table.c.sequence, table.c.line)
    for sequence, lines in groupby(connection.execute(query), key=lambda row: int(row.sequence)):
        yield sequence, list(lines)


def _check_link(proof: Proof, event: LedgerEvent) -> None:
    expected = proof.last.sequence + 1 if proof.last else 1
    if event.sequence != expected:
        raise LedgerFault(f"{proof.account}: event {expected} is missing, event {event.sequence} follows instead")
    previous = proof.last.hash if proof.last else GENESIS
    if event.previous_hash != previous:
        raise LedgerFault(f"{proof.account}: event {event.sequence} does not carry the hash of the event before it")
    if event.hash != event.expected_hash():
        raise LedgerFault(f"{proof.account}: event {event.sequence} was changed, its content does not lead to its hash")
    proof.last = event


def _apply(connection: sa.Connection, proof: Proof, event: LedgerEvent) -> list[Posting]:
    try:
        effect = proof.replay.apply(event)
    except (KeyError, IllegalStep, msgspec.MsgspecError) as error:
        raise LedgerFault(
            f"{proof.account}: event {event.sequence} can't follow what came before it ({error})"
        ) from error
    if event.kind == "reversed":
        _check_reversal(connection, proof, event)
    if event.kind == "filled":
        row = writes.fill_row(event, event.content)
        proof.fills[row["order_id"], row["trade_id"]] = row
    return effect.postings


def _check_reversal(connection: sa.Connection, proof: Proof, event: LedgerEvent) -> None:
    """Checks a reversal: a fill may be taken back once, by the opposite of its postings, which were checked before."""
    content = reversal_in(event)
    original = rows.postings(connection, proof.account, content.sequence)
    expected = [(*posting.entry, posting.amount) for posting in account.opposite(original)]
    if [(line.name, line.symbol, line.unit, line.amount) for line in content.lines] != expected:
        raise LedgerFault(f"{proof.account}: event {event.sequence} is not the opposite of event {content.sequence}")
    fill = proof.fills.get((str(event.order_id), content.trade_id))
    if fill is None or fill["sequence"] != content.sequence or content.sequence in proof.reversed:
        raise LedgerFault(f"{proof.account}: event {event.sequence} reverses what is no fill, or was reversed before")
    proof.reversed.add(content.sequence)


def _check_postings(event: LedgerEvent, lines: list[sa.Row[Any]], expected: list[Posting]) -> None:
    where = f"{event.account}: posting {event.sequence}"
    stored = [(row.line, Posting(Entry(row.name, row.symbol, row.unit), row.amount)) for row in lines]
    for line, posting in enumerate(expected, start=1):
        match = next((found for number, found in stored if number == line), None)
        if match is None:
            raise LedgerFault(f"{where}/{line} is missing, it must be {_shown(posting)}")
        if match != posting:
            raise LedgerFault(f"{where}/{line} is {_shown(match)}, it must be {_shown(posting)}")
    if len(stored) > len(expected):
        raise LedgerFault(f"{where}/{stored[-1][0]} is one too many")
    sums = unbalanced(posting for _, posting in stored)
    if sums:
        left = ", ".join(f"{plain_text(amount)} {unit}" for unit, amount in sums.items())
        raise LedgerFault(f"{where}: the postings do not add up to zero: {left}")


def _check_projections(connection: sa.Connection, proof: Proof) -> None:
    head = rows.head(connection, proof.account)
    last = proof.last
    if last is None or head is None or (head.sequence, head.hash) != (last.sequence, last.hash):
        raise LedgerFault(
            f"{proof.account}: the head says event {head.sequence if head else 0}, "
            f"the last event is {last.sequence if last else 0}"
        )
    if head.controls != proof.replay.controls:
        found, expected = (wire.encode(each).decode() for each in (head.controls, proof.replay.controls))
        raise LedgerFault(f"{proof.account}: the controls are {found}, the events say {expected}")
    _check_table(connection, schema.fills, proof.account, ("order_id", "trade_id"), proof.fills.values())
    orders = proof.replay.orders.values()
    expected_orders = [writes.order_row(order, proof.replay.terms.get(order.order_id)) for order in orders]
    _check_table(connection, schema.orders, proof.account, ("order_id",), expected_orders)
    balances = writes.balance_rows(proof.account, proof.replay.balances)
    _check_table(connection, schema.balances, proof.account, ("name", "symbol", "unit"), balances)


def _check_table(
    connection: sa.Connection, table: sa.Table, account: str, key: tuple[str, ...], expected: Iterable[dict[str, Any]]
) -> None:
    """Compares the rows of a table with the expected ones, in the columns that `expected` has."""
    wanted = {tuple(row[name] for name in key): row for row in expected}
    for stored in connection.execute(sa.select(table).where(table.c.account == account)).mappings():
        where = f"{account}: {table.name} {'/'.join(str(stored[name]) for name in key if stored[name])}"
        row = wanted.pop(tuple(stored[name] for name in key), None)
        if row is None:
            raise LedgerFault(f"{where} follows from no event")
        for name, value in row.items():
            if not _same(name, stored[name], value):
                raise LedgerFault(f"{where}: {name} is {_text(stored[name])}, the events say {_text(value)}")
    for row in wanted.values():
        raise LedgerFault(f"{account}: {table.name} {'/'.join(str(row[name]) for name in key if row[name])} is missing")


def _same(name: str, stored: Any, expected: Any) -> bool:
    """Returns true for equal values. Terms are texts that may spell the same decimal otherwise, so they are read."""
    if name != "terms" or stored is None or expected is None:
        return bool(stored == expected)
    try:
        return msgspec.json.decode(stored, type=Terms) == msgspec.json.decode(expected, type=Terms)
    except msgspec.MsgspecError:
        return False


def _text(value: Any) -> str:
    return plain_text(value) if isinstance(value, Decimal) else str(value)


def _shown(posting: Posting) -> str:
    name, symbol, unit = posting.entry
    return f"{plain_text(posting.amount)} {unit} into {name} {symbol}".rstrip()
