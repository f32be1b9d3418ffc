"""What the executor can be told from outside, read once, loud when wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Self, cast

import sqlalchemy as sa

from common.settings import Reader, SettingsError
from common.wire import Market
from executor.guardrails import Limits
from executor.guardrails.limits import CURRENCY_FORM, LARGEST_AMOUNT, MOST_COUNTED
from executor.orders import symbol_form
from executor.paper import Fees

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_CURRENCY = re.compile(CURRENCY_FORM)


@dataclass(frozen=True)
class LedgerSettings:
    """Where the ledger is, and the account in it; `starting_cash` counts only when the account is first opened."""

    url: str
    password: str
    account: str
    starting_cash: Mapping[str, Decimal]

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads the process's environment; raises `SettingsError`."""
        reader = Reader(environment)
        url = reader.text("SPARK_LEDGER_URL")
        password = reader.secret("SPARK_LEDGER_PASSWORD") if url.startswith("postgresql") else ""
        account = reader.text("SPARK_ACCOUNT", "paper")
        cash = reader.text("SPARK_STARTING_CASH", "TRY:5000000,USDT:100000")
        reader.check()
        if not _ACCOUNT.fullmatch(account):
            raise SettingsError(
                f"SPARK_ACCOUNT={account!r}: must be up to 32 of a-z 0-9 _ -, not beginning with _ or -"
            )
        return cls(_ledger_url(url), password, account, _amounts("SPARK_STARTING_CASH", cash))


@dataclass(frozen=True)
class Settings:
    """Everything the service needs; money per currency, rates in percent, times in seconds."""

    service: str
    replica: str
    market: Market
    ledger: LedgerSettings
    operator_token: str
    most_writes_per_second: int
    most_order_streams: int
    marketdata_url: str
    limits: Limits
    fees: Fees
    equity_currency: str

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads the process's environment; raises `SettingsError`."""
        reader = Reader(environment)
        service = reader.text("SPARK_SERVICE", "executor")
        replica = reader.text("SPARK_REPLICA", "1")
        market = cast(Market, reader.choice("SPARK_MARKET", "simulated", ("simulated", "live")))
        token = reader.secret("SPARK_OPERATOR_TOKEN")
        writes = reader.integer("SPARK_MAX_WRITES_PER_SECOND", 200, at_least=1, at_most=100_000)
        streams = reader.integer("SPARK_MAX_ORDER_STREAMS", 8, at_least=1, at_most=1000)
        marketdata = reader.url("SPARK_MARKETDATA_URL", "http://marketdata:5001")
        equity_currency = reader.text("SPARK_EQUITY_CURRENCY", "TRY")
        taker = reader.text("SPARK_TAKER_FEE_PERCENT", "0.12")
        maker = reader.text("SPARK_MAKER_FEE_PERCENT", "0.06")
        reader.check()
        ledger = LedgerSettings.from_environment(environment)
        if equity_currency not in ledger.starting_cash:
            known = ", ".join(ledger.starting_cash)
            raise SettingsError(f"SPARK_EQUITY_CURRENCY={equity_currency!r}: must be cash, which is one of {known}")
        fees = Fees(_percent("SPARK_TAKER_FEE_PERCENT", taker), _percent("SPARK_MAKER_FEE_PERCENT", maker))
        limits = _limits(environment)
        return cls(service, replica, market, ledger, token, writes, streams, marketdata, limits, fees, equity_currency)


def _limits(environment: Mapping[str, str] | None) -> Limits:
    reader = Reader(environment)
    stale = reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, at_most=300.0)
    collar = reader.decimal("SPARK_PRICE_COLLAR_PERCENT", "2", above="0", at_most="50")
    notional = reader.text("SPARK_MAX_ORDER_NOTIONAL", "TRY:500000,USDT:15000")
    position = reader.text("SPARK_MAX_POSITION", "TRY:2500000,USDT:75000")
    exposure = reader.text("SPARK_MAX_EXPOSURE", "TRY:5000000,USDT:100000")
    quantity = reader.text("SPARK_MAX_ORDER_QUANTITY", "")
    rate = reader.integer("SPARK_MAX_ORDERS_PER_SECOND", 100, at_least=1, at_most=MOST_COUNTED)
    duplicate = reader.seconds("SPARK_DUPLICATE_SECONDS", 0.0, above=-1.0, at_most=3600.0)
    executions = reader.integer("SPARK_MAX_EXECUTIONS_PER_MINUTE", 600, at_least=1, at_most=MOST_COUNTED)
    loss = reader.decimal("SPARK_MAX_DAILY_LOSS_PERCENT", "5", above="0", at_most="100")
    drawdown = reader.decimal("SPARK_MAX_DRAWDOWN_PERCENT", "20", above="0", at_most="100")
    reader.check()
    return Limits(
        quote_stale_seconds=stale,
        price_collar_percent=collar,
        max_order_notional=_amounts("SPARK_MAX_ORDER_NOTIONAL", notional),
        max_position_notional=_amounts("SPARK_MAX_POSITION", position),
        max_exposure=_amounts("SPARK_MAX_EXPOSURE", exposure),
        max_order_quantity=_quantities("SPARK_MAX_ORDER_QUANTITY", quantity),
        max_orders_per_second=rate,
        duplicate_seconds=duplicate,
        max_executions=executions,
        max_daily_loss_percent=loss,
        max_drawdown_percent=drawdown,
    )


def _ledger_url(text: str) -> str:
    rule = "must be postgresql+psycopg://user@host:port/database without a password, or sqlite:////path/of/a/file"
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        raise SettingsError(f"SPARK_LEDGER_URL: {rule}") from None
    if url.password:
        raise SettingsError(f"SPARK_LEDGER_URL: {rule}; the password belongs into SPARK_LEDGER_PASSWORD_FILE")
    if url.drivername not in ("postgresql+psycopg", "sqlite") or not url.database or url.database == ":memory:":
        raise SettingsError(f"SPARK_LEDGER_URL={text!r}: {rule}")
    return text


def _amounts(name: str, text: str) -> dict[str, Decimal]:
    """Reads `TRY:5000000,USDT:100000`."""
    amounts: dict[str, Decimal] = {}
    for part in text.split(","):
        currency, _, number = part.strip().partition(":")
        amount = _number(number)
        if (
            not _CURRENCY.fullmatch(currency)
            or currency in amounts
            or amount is None
            or not 0 < amount <= LARGEST_AMOUNT
        ):
            raise SettingsError(f"{name}={text!r}: must be CURRENCY:AMOUNT pairs, none twice, amounts up to 10^12")
        amounts[currency] = amount
    return amounts


def _quantities(name: str, text: str) -> dict[str, Decimal]:
    """Reads `BTCTURK:BTCTRY=5,BIST:THYAO=10000`; empty for none."""
    quantities: dict[str, Decimal] = {}
    for part in filter(None, text.split(",")):
        symbol, _, number = part.strip().partition("=")
        quantity = _number(number)
        if not symbol_form(symbol) or symbol in quantities or quantity is None or not 0 < quantity <= LARGEST_AMOUNT:
            raise SettingsError(
                f"{name}={text!r}: must be VENUE:PAIR=QUANTITY pairs, none twice, quantities up to 10^12"
            )
        quantities[symbol] = quantity
    return quantities


def _percent(name: str, text: str) -> Decimal:
    value = _number(text)
    if value is None or not 0 <= value <= 10:
        raise SettingsError(f"{name}={text!r}: must be a number from 0 to 10")
    return value


def _number(text: str) -> Decimal | None:
    try:
        value = Decimal(text)
    except InvalidOperation:
        return None
    exponent = value.as_tuple().exponent
    return value if isinstance(exponent, int) and -18 <= exponent <= 12 else None
