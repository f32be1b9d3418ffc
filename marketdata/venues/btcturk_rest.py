"""BTCTurk's REST bodies: `exchangeinfo` as instruments. Pure."""

from __future__ import annotations

from decimal import Decimal

import msgspec

from common.wire import Instrument
from marketdata.venues.btcturk import SOURCE

EXCHANGE_INFO_PATH = "/api/v2/server/exchangeinfo"


class _Filter(msgspec.Struct, rename="camel"):
    filter_type: str
    tick_size: Decimal | None = None
    min_exchange_value: Decimal | None = None


class _Symbol(msgspec.Struct, rename="camel"):
    name: str
    status: str
    numerator: str
    denominator: str
    numerator_scale: int
    filters: tuple[_Filter, ...]


class _Info(msgspec.Struct):
    symbols: tuple[_Symbol, ...]


class _Answer(msgspec.Struct):
    success: bool
    data: _Info


_answer = msgspec.json.Decoder(_Answer)


class UnusableInfo(Exception):
    """The venue's `exchangeinfo` can't be used; the message says why."""


def instruments(body: bytes) -> dict[str, Instrument]:
    """Every pair that trades, by the venue's name of it. Raises `UnusableInfo` when the body is not as documented."""
    try:
        answer = _answer.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableInfo(f"exchangeinfo can't be read: {str(error)[:200]}") from error
    if not answer.success:
        raise UnusableInfo("exchangeinfo says it failed")
    found = (_instrument(symbol) for symbol in answer.data.symbols if symbol.status == "TRADING")
    return {pair: instrument for pair, instrument in found if instrument is not None}


def _instrument(symbol: _Symbol) -> tuple[str, Instrument | None]:
    price = next((rule for rule in symbol.filters if rule.filter_type == "PRICE_FILTER"), None)
    if price is None or not _positive(price.tick_size) or not 0 <= symbol.numerator_scale <= 18:
        return symbol.name, None
    least = price.min_exchange_value
    return symbol.name, Instrument(
        symbol=f"{SOURCE}:{symbol.name}",
        base_asset=symbol.numerator,
        quote_currency=symbol.denominator,
        tick_size=price.tick_size or Decimal(0),
        lot_size=Decimal(1).scaleb(-symbol.numerator_scale),
        min_notional=least if least is not None and _positive(least) else Decimal(0),
    )


def _positive(number: Decimal | None) -> bool:
    return number is not None and number.is_finite() and number > 0
