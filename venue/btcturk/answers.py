"""The bodies of BTCTurk's public REST answers, made from views. Pure."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from common.decimals import plain_text
from venue.btcturk.bars import PairBar
from venue.btcturk.frames import average_price, daily_percent
from venue.btcturk.listing import assets
from venue.btcturk.pairs import Asset, PairSpec
from venue.btcturk.rules import PairRules
from venue.btcturk.views import PairTrade, PairView


def server_time(now: float) -> dict[str, Any]:
    """Returns the venue's time twice: in unix milliseconds and in ISO 8601."""
    return {"serverTime": int(now * 1000), "serverTime2": datetime.fromtimestamp(now, UTC).isoformat()}


def exchange_info(views: list[PairView], now: float) -> dict[str, Any]:
    """Returns all pairs with their rules, and all currencies."""
    currencies = assets([view.spec for view in views])
    return {
        "timeZone": "UTC",
        "serverTime": int(now * 1000),
        "symbols": [_symbol(view.spec, view.rules, order) for order, view in enumerate(views, start=1)],
        "currencies": [_currency(number, asset) for number, asset in enumerate(currencies, start=1)],
        "currencyOperationBlocks": [
            {"currencySymbol": asset.symbol, "withdrawalDisabled": False, "depositDisabled": False}
            for asset in currencies
        ],
    }


def _symbol(spec: PairSpec, rules: PairRules, order: int) -> dict[str, Any]:
    price_scale = max(spec.price_scale, -int(rules.tick.as_tuple().exponent))
    return {
        "id": spec.pair_id,
        "name": spec.name,
        "nameNormalized": spec.normalized,
        "status": rules.status,
        "numerator": spec.numerator,
        "denominator": spec.denominator,
        "numeratorScale": rules.amount_scale,
        "denominatorScale": price_scale,
        "hasFraction": price_scale > 0,
        "filters": [
            {
                "filterType": "PRICE_FILTER",
                "minPrice": "0.0000000000001",
                "maxPrice": "100000000",
                "tickSize": plain_text(rules.tick),
                "minExchangeValue": plain_text(rules.min_exchange_value),
                "minAmount": None,
                "maxAmount": None,
            }
        ],
        "orderMethods": ["MARKET", "LIMIT", "STOP_MARKET", "STOP_LIMIT"],
        "displayFormat": "#,##0" + ("." + "0" * price_scale if price_scale else ""),
        "commissionFromNumerator": False,
        "order": order,
        "priceRounding": False,
        "isNew": False,
        "marketPriceWarningThresholdPercentage": 0.25,
        "maximumOrderAmount": None,
        "maximumLimitOrderPrice": 100_000_000,
        "minimumLimitOrderPrice": 0.0,
    }


def _currency(number: int, asset: Asset) -> dict[str, Any]:
    return {
        "id": number,
        "symbol": asset.symbol,
        "name": asset.name,
        "precision": asset.precision,
        "currencyType": asset.kind,
    }


def ticker_row(view: PairView, order: int) -> dict[str, Any]:
    """Returns one row of `/api/v2/ticker`. Here the venue writes numbers, not texts."""
    spec, day = view.spec, view.day
    unit = Decimal(1).scaleb(-spec.amount_scale)
    return {
        "pair": spec.name,
        "pairNormalized": spec.normalized,
        "timestamp": int(view.at * 1000),
        "last": float(view.last * spec.tick),
        "high": float(day.high * spec.tick),
        "low": float(day.low * spec.tick),
        "bid": float(view.bids[0][0] * spec.tick),
        "ask": float(view.asks[0][0] * spec.tick),
        "open": float(day.open * spec.tick),
        "volume": float(day.volume * unit),
        "average": float(average_price(view)),
        "daily": float((view.last - day.open) * spec.tick),
        "dailyPercent": float(round(daily_percent(view), 2)),
        "denominatorSymbol": spec.denominator,
        "numeratorSymbol": spec.numerator,
        "order": order,
    }


def order_book(view: PairView, limit: int) -> dict[str, Any]:
    """Returns `limit` levels a side as `["price","amount"]`. Without a sequence it can't begin a socket's book."""
    spec = view.spec
    sides = {
        name: [[spec.price_text(price), spec.amount_text(amount)] for price, amount in levels[:limit]]
        for name, levels in (("bids", view.bids), ("asks", view.asks))
    }
    return {"timestamp": int(view.at * 1000), **sides}


def trade_row(spec: PairSpec, trade: PairTrade) -> dict[str, Any]:
    """Returns one row of `/api/v2/trades`."""
    return {
        "pair": spec.name,
        "pairNormalized": spec.normalized,
        "numerator": spec.numerator,
        "denominator": spec.denominator,
        "date": trade.milliseconds,
        "tid": trade.trade_id,
        "price": spec.price_text(trade.price),
        "amount": spec.amount_text(trade.amount),
        "side": "buy" if trade.buy else "sell",
    }


def day_row(spec: PairSpec, bar: PairBar, milliseconds: bool = False) -> dict[str, Any]:
    """Returns one bar of a day as the chart host writes it; with `milliseconds` as the old `ohlc` call does."""
    unit, change = Decimal(1).scaleb(-spec.amount_scale), bar.close - bar.open
    return {
        "pair": spec.name,
        "time": bar.start * 1000 if milliseconds else bar.start,
        "open": float(bar.open * spec.tick),
        "high": float(bar.high * spec.tick),
        "low": float(bar.low * spec.tick),
        "close": float(bar.close * spec.tick),
        "volume": float(bar.volume * unit),
        "total": float(bar.turnover * spec.tick * unit),
        "average": float(round(Decimal(bar.turnover) * spec.tick / max(bar.volume, 1), spec.price_scale + 2)),
        "dailyChangeAmount": float(change * spec.tick),
        "dailyChangePercentage": float(round(Decimal(change) * 100 / bar.open, 2)),
    }


def udf(spec: PairSpec, bars: list[PairBar]) -> dict[str, Any]:
    """Returns bars in columns, as TradingView's charts read them: oldest first, times in unix seconds."""
    unit = Decimal(1).scaleb(-spec.amount_scale)
    return {
        "s": "ok" if bars else "no_data",
        "t": [bar.start for bar in bars],
        "o": [float(bar.open * spec.tick) for bar in bars],
        "h": [float(bar.high * spec.tick) for bar in bars],
        "l": [float(bar.low * spec.tick) for bar in bars],
        "c": [float(bar.close * spec.tick) for bar in bars],
        "v": [float(bar.volume * unit) for bar in bars],
    }
