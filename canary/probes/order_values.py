"""The values in the answers of an order's round trip (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, TypeVar

import msgspec

from canary.observation import AnswerPart
from canary.probes.body import Body, Found, Path
from canary.probes.orders import AFTER, AGAIN, BEFORE, BY_ID, FILLS, POSITIONS, UNREADABLE, order_request
from canary.probes.sentences import Missing, Noted
from common.decimals import plain_text

T = TypeVar("T")


class _Account(msgspec.Struct, frozen=True):
    """An answer of `GET /v1/account`.

    cash: all cash by currency.
    sequence: the ledger's sequence that it is as of.
    """

    cash: dict[str, Decimal]
    sequence: int


class _Fill(msgspec.Struct, frozen=True):
    """One fill in the answer of `GET /v1/fills`.

    sequence: the sequence of its event.
    trade_id, order_id: its own id, and that of its order.
    side: buy or sell.
    quote_currency: the currency that was paid.
    price, quantity: in the quote currency, and in the base asset.
    fee: in the quote currency.
    """

    sequence: int
    trade_id: str
    order_id: str
    side: str
    quote_currency: str
    price: Decimal
    quantity: Decimal
    fee: Decimal

    def cash(self) -> Decimal:
        """Returns what the fill added to the cash in its currency; below zero when it cost."""
        notional = self.price * self.quantity
        return (notional if self.side == "sell" else -notional) - self.fee


class _Fills(msgspec.Struct, frozen=True):
    """An answer of `GET /v1/fills`.

    fills: newest first.
    next: the place of the next page; None when there is none.
    """

    fills: tuple[_Fill, ...]
    next: int | None


class _Untold(Exception):
    """A value that the turn can't tell, with a phrase about why."""


class _Unanswered(Exception):
    """A request of the turn was not answered as it should be, with a phrase about it: that is a failure."""


def _status(body: Body, _: Path) -> Found:
    """An error of an executor says why: its code and its message stand beside the status."""
    status = body.answer.status
    if status is None:
        return Missing("no status")
    error = body.object().get("error")
    return Noted(Decimal(status), _because(error) if isinstance(error, dict) else "")


def _because(refusal: Mapping[str, Any]) -> str:
    return f", {refusal.get('code')}: {refusal.get('message')}"


def _round_trip(body: Body, _: Path) -> Found:
    return Decimal(str(body.answer.seconds))


def _order_status(body: Body, _: Path) -> Found:
    order = body.object()
    status, denials = order.get("status"), order.get("denials")
    if not isinstance(status, str):
        return Missing("the body has no status of an order")
    first = next((one for one in denials if isinstance(one, dict)), None) if isinstance(denials, list) else None
    return Noted(status, _because(first) if first else "")


def _as_asked(body: Body, _: Path) -> Found:
    """The order is compared with the request, which is made anew from the probe, the time and the positions."""
    try:
        asked = order_request(body.declared, body.answer.asked_at, _whole(body, POSITIONS).body)
    except ValueError as error:
        return Missing(str(error))
    order = body.object()
    differs = [f"{name}: {order.get(name)} and {value}" for name, value in asked.items() if order.get(name) != value]
    return _agrees(differs)


def _read_back(body: Body, _: Path) -> Found:
    return _same_order(body, BY_ID)


def _repeat_status(body: Body, _: Path) -> Found:
    part = _part(body, AGAIN)
    return Missing(f"{AGAIN}: {part.problem}") if part.status is None else Decimal(part.status)


def _repeated(body: Body, _: Path) -> Found:
    return _same_order(body, AGAIN)


def _filled_once(body: Body, _: Path) -> Found:
    """The fills that the list has of the order are those in the order itself, and are of its whole filled quantity."""
    order = body.object()
    listed = [one for one in _since(body, _read(body, BEFORE, _Account)) if one.order_id == order.get("order_id")]
    own = order.get("fills")
    named = sorted(str(one.get("trade_id")) for one in own if isinstance(one, dict)) if isinstance(own, list) else []
    filled, of_list = Decimal(str(order.get("filled_quantity"))), sum((one.quantity for one in listed), Decimal(0))
    if filled != of_list:
        return Noted(False, f", {plain_text(filled)} in the order and {plain_text(of_list)} in the fills")
    return _agrees(["other fills in the list"] if named != sorted(one.trade_id for one in listed) else [])


def _cash_moved(body: Body, _: Path) -> Found:
    """All cash between the two looks at the account must have moved by the fills between them, of other orders too.

    Each fill moves cash by price times quantity, and takes its fee.
    """
    before, after = _read(body, BEFORE, _Account), _read(body, AFTER, _Account)
    wanted: defaultdict[str, Decimal] = defaultdict(Decimal)
    for fill in _since(body, before):
        if fill.sequence <= after.sequence:
            wanted[fill.quote_currency] += fill.cash()
    moved = {
        name: after.cash.get(name, Decimal(0)) - before.cash.get(name, Decimal(0))
        for name in sorted({*before.cash, *after.cash, *wanted})
    }
    wrong = [
        f"{name} by {plain_text(amount)} and by {plain_text(wanted[name])} of the fills"
        for name, amount in moved.items()
        if amount != wanted[name]
    ]
    right = ", ".join(f"{name} by {plain_text(amount)}" for name, amount in moved.items() if amount)
    return _agrees(wrong) if wrong or not right else Noted(True, f", {right}")


def _since(body: Body, before: _Account) -> list[_Fill]:
    """Returns all fills after a look at the account. Raises `_Untold` when the list does not reach back to it."""
    page = _read(body, FILLS, _Fills)
    if page.next is not None and page.fills and page.fills[-1].sequence > before.sequence:
        raise _Untold("more fills than the list shows came between")
    return [one for one in page.fills if one.sequence > before.sequence]


def _same_order(body: Body, name: str) -> Found:
    """Tells which fields of the order differ in one of the turn's other answers."""
    other = _read(body, name, dict[str, Any])
    order = body.object()
    names = sorted(field for field in {*order, *other} if order.get(field) != other.get(field))
    return _agrees([f"{field}: {order.get(field)} and {other.get(field)}" for field in names])


def _agrees(differs: list[str]) -> Found:
    return Noted(False, ", " + "; ".join(differs)) if differs else True


def _part(body: Body, name: str) -> AnswerPart:
    found = next((part for part in body.answer.parts if part.name == name), None)
    if found is None:
        raise _Untold(f"{name}: not asked for, since no order was taken")
    return found


def _whole(body: Body, name: str) -> AnswerPart:
    """Returns a part. Raises `_Untold`, and `_Unanswered` when its answer is another one than it should be."""
    part = _part(body, name)
    if part.status not in (200, 201):
        raise _Unanswered(f"{name}: {part.problem or f'status {part.status}'}")
    return part


def _read(body: Body, name: str, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(_whole(body, name).body, type=kind)
    except UNREADABLE as error:
        raise _Unanswered(f"{name}: the body is not what it should be") from error


def _guarded(find: Callable[[Body, Path], Found]) -> Callable[[Body, Path], Found]:
    """Makes a value of each failure: answers may hold anything."""

    def found(body: Body, path: Path) -> Found:
        try:
            return find(body, path)
        except _Untold as error:
            return Missing(str(error))
        except _Unanswered as error:
            return Noted(False, f", {error}")
        except ArithmeticError:
            return Noted(False, ", a number in the answers can't be computed with")

    return found


ORDER_VALUES: Mapping[str, Callable[[Body, Path], Found]] = {
    "STATUS": _status,
    "ROUND_TRIP": _round_trip,
    "ORDER_STATUS": _guarded(_order_status),
    "AS_ASKED": _guarded(_as_asked),
    "READ_BACK": _guarded(_read_back),
    "REPEAT_STATUS": _guarded(_repeat_status),
    "REPEATED": _guarded(_repeated),
    "FILLED_ONCE": _guarded(_filled_once),
    "CASH_MOVED": _guarded(_cash_moved),
}
