"""Previews: an order is decided by the code that decides every order, on the same state, and then undone."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal

import msgspec

from common import wire
from common.decimals import tidy
from executor import account, guardrails, orders, paper
from executor.context import TradingContext
from executor.errors import ClientOrderIdReused
from executor.largest import LEAST_STEP, largest_quantity
from executor.orders import AVERAGE_STEP, OPEN, exact
from executor.preview_messages import GuardrailUse, Preview, PreviewRequest, Slippage
from executor.rehearsal import Rehearsal, not_repeating, rehearsing
from executor.submit import ExecutionPlan

NO_KEY = "preview"
PERCENT_STEP, SHARE_STEP = Decimal("1e-6"), Decimal("1e-9")


def preview(asked: PreviewRequest, trading: TradingContext) -> Preview:
    """Returns what would be answered if the order were placed now. All that it is based on is durable.

    Raises `InvalidRequest`, `UnknownSymbol`, `ClientOrderIdReused` and `LedgerUnavailable`.
    """
    key = NO_KEY if asked.client_order_id is None else asked.client_order_id
    wanted = orders.check(wire.OrderRequest(**msgspec.structs.asdict(asked) | {"client_order_id": key}))
    found = trading.ledger.rehearse(rehearsing(wanted, trading.quotes.look(wanted.symbol), trading))
    first = None if asked.client_order_id is None else trading.ledger.first_answer(wanted.client_order_id)
    differs = [] if first is None else orders.differences(first, wanted)
    if first is not None and differs:
        raise ClientOrderIdReused(wanted.client_order_id, first.order_id, differs)
    with exact():
        return _preview(found, trading, None if first is None else first.order_id)


def _preview(found: Rehearsal, trading: TradingContext, repeats: str | None) -> Preview:
    order, plan, left = found.order, found.plan, orders.remaining(found.order)
    after, rests = found.after.account, order.status in OPEN
    value, fee, average, best, middle = _execution(found, trading.fees)
    return Preview(
        market=trading.market,
        account=order.account,
        sequence=found.sequence,
        symbol=order.symbol,
        side=order.side,
        type=order.type,
        time_in_force=order.time_in_force,
        quantity=order.quantity,
        limit_price=order.limit_price,
        post_only=order.post_only,
        quote_currency=plan.book.quote_currency if plan else None,
        status=order.status,
        denials=order.denials,
        repeats=repeats,
        filled_quantity=order.filled_quantity,
        resting_quantity=left if rests else Decimal(0),
        expiring_quantity=left if order.status == "expired" else Decimal(0),
        notional=None if found.proposal.notional is None else tidy(found.proposal.notional),
        value=value,
        fee=fee,
        average_price=average,
        slippage_from_best=best,
        slippage_from_mid=middle,
        cash_after=after.cash,
        reserved_after=after.reserved,
        position_after=_position(found),
        reserve=tidy(left * plan.terms.reserve_per_unit) if plan and rests else None,
        reserve_unit=plan.terms.reserve_unit if plan and rests else None,
        guardrails=tuple(_use(code, use) for code, use in guardrails.uses(found.proposal, found.limits).items()),
        largest_quantity=_largest(found, trading),
        quote_age_seconds=round(found.proposal.market.age_seconds, 6) if found.proposal.market else None,
        book_sequence=plan.book.sequence if plan else None,
    )


def _execution(
    found: Rehearsal, fees: paper.Fees
) -> tuple[Decimal, Decimal, Decimal | None, Slippage | None, Slippage | None]:
    """Returns value, fee, average price and slippages of what the book would give at once."""
    plan, order = found.plan, found.order
    quantity = paper.total(plan.fills) if plan else Decimal(0)
    if plan is None or not quantity or (order.time_in_force == "FOK" and quantity < order.quantity):
        return Decimal(0), Decimal(0), None, None, None
    value = sum((part.price * part.quantity for part in plan.fills), Decimal(0))
    fee = sum((paper.fee(part.price, part.quantity, fees.taker_percent) for part in plan.fills), Decimal(0))
    average = value / quantity
    best, middle = _best_and_middle(plan, order.side)
    told = tidy(average.quantize(AVERAGE_STEP, ROUND_HALF_EVEN))
    return tidy(value), tidy(fee), told, _slippage(order.side, average, best), _slippage(order.side, average, middle)


def _best_and_middle(plan: ExecutionPlan, side: wire.Side) -> tuple[Decimal | None, Decimal | None]:
    bids, asks = plan.book.bids, plan.book.asks
    opposite = asks if side == "buy" else bids
    middle = (bids[0].price + asks[0].price) / 2 if bids and asks else None
    return opposite[0].price if opposite else None, middle


def _slippage(side: wire.Side, average: Decimal, price: Decimal | None) -> Slippage | None:
    if not price:
        return None
    worse = average - price if side == "buy" else price - average
    percent = (worse * 100 / price).quantize(PERCENT_STEP, ROUND_HALF_EVEN)
    return Slippage(percent=tidy(percent), bps=tidy(percent * 100))


def _position(found: Rehearsal) -> Decimal | None:
    """Returns what would be held, also without a book: then it stays as it is."""
    named = found.plan.book if found.plan else found.proposal.instrument
    if named is None:
        return None
    held = account.holding(found.order.symbol, named.base_asset, found.after.balances)
    return None if held.name == "cash" else tidy(found.after.balances.get(held, Decimal(0)))


def _use(code: str, use: guardrails.LimitUse) -> GuardrailUse:
    share = use.share.quantize(SHARE_STEP, ROUND_HALF_EVEN)
    value, limit, room = (tidy(each) for each in (use.value, use.limit, use.limit - use.value))
    return GuardrailUse(code=code, value=value, limit=limit, room=room, share=tidy(share))


def _largest(found: Rehearsal, trading: TradingContext) -> Decimal:
    if found.plan is None:
        return Decimal(0)
    instrument = found.proposal.instrument
    lot = instrument.lot_size if instrument is not None and instrument.lot_size > 0 else LEAST_STEP
    most = found.fillable if found.order.time_in_force == "FOK" else None

    def unrepeated(quantity: Decimal) -> Decimal:
        if not found.limits.duplicate_seconds:
            return quantity
        return trading.ledger.rehearse(not_repeating(found.order, quantity, lot, found.limits))

    return tidy(largest_quantity(found.propose, found.limits, lot, most, unrepeated))
