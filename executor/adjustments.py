"""Deposits, withdrawals and write-offs: each is one event with balanced postings, and happens once for its key."""

from __future__ import annotations

import logging
from collections.abc import Callable
from decimal import Decimal
from typing import Literal

import msgspec

from common.decimals import plain_text
from common.errors import InvalidRequest
from executor.adjustment_messages import CashTransfer, TransferRequest, WriteOff, WriteOffRequest
from executor.context import TradingContext
from executor.errors import ClientKeyReused, EquityUnknown, UnknownPosition
from executor.ledger import events
from executor.ledger.events import LedgerEvent
from executor.losses import transferred
from executor.orders import exact
from executor.rates import CurrencyRate
from executor.valuation import Marks
from executor.writer.transaction import Transaction

log = logging.getLogger(__name__)

Direction = Literal["deposit", "withdrawal"]
Making = Callable[[Transaction], events.AdjustmentContent]


def transfer(direction: Direction, asked: TransferRequest, trading: TradingContext) -> tuple[CashTransfer, bool]:
    """Puts money into the account or takes it out; returns the answer, and true when this request did it.

    Losses and profits leave it out. Raises `InvalidRequest`, `ClientKeyReused`, `NotFree`, `EquityUnknown` and
    `LedgerUnavailable`.
    """
    marks = trading.quotes.marks()
    kind = events.CashDeposited if direction == "deposit" else events.CashWithdrawn
    sign = 1 if direction == "deposit" else -1

    def make(transaction: Transaction) -> events.AdjustmentContent:
        if asked.currency not in transaction.cash_currencies:
            known = ", ".join(sorted(transaction.cash_currencies))
            raise InvalidRequest("currency", f"must be one of the account's cash: {known}")
        rate = trading.rate_at(marks, asked.currency)
        _move_anchors(transaction, sign * asked.amount, rate, trading, marks)
        return kind(**msgspec.structs.asdict(asked), rate=rate)

    event, new = _once(asked.client_key, make, trading)
    content = event.content
    if not isinstance(content, kind):
        raise ClientKeyReused(asked.client_key, event.sequence, ["kind"])
    _require_same(asked, content, event)
    if new:
        told = {"currency": asked.currency, "amount": plain_text(asked.amount), "reason": asked.reason}
        log.warning(direction, extra={**told, "sequence": event.sequence})
    answer = CashTransfer(
        market=trading.market,
        account=event.account,
        direction=direction,
        client_key=content.client_key,
        currency=content.currency,
        amount=content.amount,
        reason=content.reason,
        rate=content.rate,
        sequence=event.sequence,
        recorded_at=event.recorded_at,
    )
    return answer, new


def write_off(asked: WriteOffRequest, trading: TradingContext) -> tuple[WriteOff, bool]:
    """Gives up a position, or a part of it; returns the answer, and true when this request did it.

    Its cost is a realised loss. Raises `UnknownPosition`, `ClientKeyReused`, `NotFree` and `LedgerUnavailable`.
    """

    def make(transaction: Transaction) -> events.AdjustmentContent:
        held = next((each for each in transaction.positions() if each.symbol == asked.symbol), None)
        if held is None or not held.quantity:
            raise UnknownPosition(asked.symbol)
        return events.PositionWrittenOff(
            client_key=asked.client_key,
            symbol=asked.symbol,
            base_asset=held.base_asset,
            quote_currency=held.quote_currency,
            quantity=held.quantity if asked.quantity is None else asked.quantity,
            reason=asked.reason,
        )

    event, new = _once(asked.client_key, make, trading)
    content = event.content
    if not isinstance(content, events.PositionWrittenOff):
        raise ClientKeyReused(asked.client_key, event.sequence, ["kind"])
    _require_same(asked, content, event)
    if new:
        told = {"symbol": content.symbol, "quantity": plain_text(content.quantity), "reason": content.reason}
        log.warning("written off", extra={**told, "sequence": event.sequence})
    postings = trading.ledger.postings(event.sequence)
    answer = WriteOff(
        market=trading.market,
        account=event.account,
        client_key=content.client_key,
        symbol=content.symbol,
        base_asset=content.base_asset,
        quote_currency=content.quote_currency,
        quantity=content.quantity,
        loss=sum((amount for entry, amount in postings if entry.name == "realised_pnl"), Decimal(0)),
        reason=content.reason,
        sequence=event.sequence,
        recorded_at=event.recorded_at,
    )
    return answer, new


def _once(client_key: str, make: Making, trading: TradingContext) -> tuple[LedgerEvent, bool]:
    """Returns the event of a key, and true when it is new. The tables refuse what another writer did meanwhile."""
    earlier = trading.ledger.adjustment(client_key)

    def work(transaction: Transaction) -> tuple[LedgerEvent, bool]:
        known = transaction.adjustment(client_key) or earlier
        return (transaction.adjust(make(transaction)), True) if known is None else (known, False)

    return trading.ledger.do(work)


def _require_same(
    asked: TransferRequest | WriteOffRequest, content: events.AdjustmentContent, event: LedgerEvent
) -> None:
    """Raises `ClientKeyReused` when a request is not the one that the event was recorded for."""
    wanted = {name: value for name, value in msgspec.structs.asdict(asked).items() if value is not None}
    differs = [name for name, value in wanted.items() if getattr(content, name) != value]
    if differs:
        raise ClientKeyReused(content.client_key, event.sequence, differs)


def _move_anchors(
    transaction: Transaction, amount: Decimal, rate: CurrencyRate | None, trading: TradingContext, marks: Marks
) -> None:
    """Moves the equities that losses are measured from along with the equity."""
    if transaction.anchors is None:
        return
    view = transaction.view()
    summary = trading.value(view, marks).summary
    if rate is None or summary.equity is None or trading.note_doubts(view, marks):
        unpriced = ", ".join(f"{each.symbol}: {each.reason}" for each in summary.unpriced)
        raise EquityUnknown(unpriced or marks.absence)
    with exact():
        moved = amount * rate.amount
    transaction.move_anchors(transferred(transaction.anchors, summary.equity, moved))
