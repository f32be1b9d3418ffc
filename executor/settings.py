"""The executor's settings, read once; all faults are told together."""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from ipaddress import ip_address
from typing import Self

import sqlalchemy as sa

from common.decimals import is_plain, plain_text
from common.settings import Reader, ServiceSettings
from executor.guardrails import Limits
from executor.guardrails.limits import (
    CURRENCY_FORM,
    LARGEST_AMOUNT,
    LARGEST_COLLAR_PERCENT,
    LARGEST_FAR_PERCENT,
    LARGEST_LOSS_PERCENT,
    LONGEST_DUPLICATE_SECONDS,
    LONGEST_STALE_SECONDS,
    MOST_COUNTED,
    MOST_OPEN_ORDERS,
    plain,
)
from executor.ledger.timings import LEDGER_TIMINGS, LedgerTimings
from executor.orders import symbol_form
from executor.paper import Fees

_ACCOUNT = re.compile(r"[a-z0-9][a-z0-9_-]{0,31}")
_CURRENCY = re.compile(CURRENCY_FORM)
_LEDGER_URL_RULE = "must be postgresql+psycopg://user@host:port/database without a password"
_LEDGER_OPTIONS = frozenset({"sslmode", "sslrootcert", "sslcert", "sslkey", "sslcrl"})
"""Options that may follow the `?` of the ledger's address. Others could lead to another server, or past its proof."""
_NEAR_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
"""A name without a dot: this machine's, or that of a container on a network of the stack's own."""


@dataclass(frozen=True)
class LedgerSettings:
    """The ledger and the account in it.

    url: the database's address, without a password.
    password: the database's password.
    account: the account's name.
    starting_cash: cash by currency; it counts only when the account is first opened.
    timings: the time limits on waiting for it.
    """

    url: str
    password: str
    account: str
    starting_cash: Mapping[str, Decimal]
    timings: LedgerTimings = LEDGER_TIMINGS

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads the process's environment. Raises `SettingsError`."""
        reader = Reader(environment)
        settings = cls.read(reader)
        reader.check()
        return settings

    @classmethod
    def read(cls, reader: Reader) -> Self:
        """Reads the settings; `reader` collects the faults."""
        url = reader.text("SPARK_LEDGER_URL")
        _check_ledger_url(reader, url)
        account = reader.text("SPARK_ACCOUNT", "paper")
        if not _ACCOUNT.fullmatch(account):
            rule = "must be up to 32 of a-z 0-9 _ -, not beginning with _ or -"
            reader.fault(f"SPARK_ACCOUNT={account!r}: {rule}")
        return cls(
            url=url,
            password=reader.secret("SPARK_LEDGER_PASSWORD"),
            account=account,
            starting_cash=_money(
                reader, "SPARK_STARTING_CASH", reader.text("SPARK_STARTING_CASH", "TRY:5000000,USDT:100000")
            ),
        )


@dataclass(frozen=True)
class PeerSettings:
    """The connections between executors.

    host: the name under which other executors reach this one.
    port: the port on which it takes what they forward; 0 for any free one.
    key: the key that both sides prove to have.
    """

    host: str
    port: int
    key: bytes


@dataclass(frozen=True)
class Settings:
    """All settings of the service.

    service: the settings that every service has.
    ledger: the ledger and the account in it.
    peers: the connections between executors.
    operator_verifier: the verifier of the token that writes need.
    most_writes_per_second: writes of any kind within any second.
    most_order_streams: order streams that are open at once.
    marketdata_url: market data's address.
    limits: the limits at the start.
    fees: the fee rates.
    equity_currency: the currency that the equity is measured in.
    switches_all: true when its operator may set the kill switch of all accounts of the ledger.
    quote_seconds: an answer of market data to a question is waited for so long.
    """

    service: ServiceSettings
    ledger: LedgerSettings
    peers: PeerSettings
    operator_verifier: str
    most_writes_per_second: int
    most_order_streams: int
    marketdata_url: str
    limits: Limits
    fees: Fees
    equity_currency: str
    switches_all: bool = True
    quote_seconds: float = 1.0

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Self:
        """Reads the process's environment. Raises `SettingsError`."""
        reader = Reader(environment)
        ledger = LedgerSettings.read(reader)
        equity_currency = reader.text("SPARK_EQUITY_CURRENCY", "TRY")
        if ledger.starting_cash and equity_currency not in ledger.starting_cash:
            known = ", ".join(ledger.starting_cash)
            reader.fault(f"SPARK_EQUITY_CURRENCY={equity_currency!r}: must be cash, which is one of {known}")
        settings = cls(
            service=reader.service("executor"),
            ledger=ledger,
            peers=PeerSettings(
                host=reader.text("SPARK_PEER_HOST", socket.gethostname()),
                port=reader.integer("SPARK_PEER_PORT", 4100, at_least=0, at_most=65_535),
                key=reader.secret("SPARK_PEER_SECRET").encode(),
            ),
            operator_verifier=reader.verifier("SPARK_OPERATOR_VERIFIER"),
            most_writes_per_second=reader.integer("SPARK_MAX_WRITES_PER_SECOND", 200, at_least=1, at_most=100_000),
            most_order_streams=reader.integer("SPARK_MAX_ORDER_STREAMS", 8, at_least=1, at_most=1000),
            marketdata_url=reader.url("SPARK_MARKETDATA_URL", "http://marketdata:5001"),
            limits=_limits(reader),
            fees=Fees(
                taker_percent=reader.decimal("SPARK_TAKER_FEE_PERCENT", "0.12", at_least="0", at_most="10"),
                maker_percent=reader.decimal("SPARK_MAKER_FEE_PERCENT", "0.06", at_least="0", at_most="10"),
            ),
            equity_currency=equity_currency,
            switches_all=reader.choice("SPARK_KILL_SWITCH_OF_ALL", "on", ("on", "off")) == "on",
        )
        reader.check()
        return settings


def _limits(reader: Reader) -> Limits:
    collar, far, loss = map(plain_text, (LARGEST_COLLAR_PERCENT, LARGEST_FAR_PERCENT, LARGEST_LOSS_PERCENT))
    notional = reader.text("SPARK_MAX_ORDER_NOTIONAL", "TRY:500000,USDT:15000")
    position = reader.text("SPARK_MAX_POSITION", "TRY:2500000,USDT:75000")
    exposure = reader.text("SPARK_MAX_EXPOSURE", "TRY:5000000,USDT:100000")
    quantity = reader.text("SPARK_MAX_ORDER_QUANTITY", "")
    symbol_collars = reader.text("SPARK_SYMBOL_PRICE_COLLAR_PERCENT", "")
    symbol_fars = reader.text("SPARK_SYMBOL_FAR_PRICE_PERCENT", "")
    return Limits(
        quote_stale_seconds=reader.seconds("SPARK_QUOTE_STALE_SECONDS", 5.0, at_most=LONGEST_STALE_SECONDS),
        price_collar_percent=reader.decimal("SPARK_PRICE_COLLAR_PERCENT", "2", above="0", at_most=collar),
        max_order_notional=_money(reader, "SPARK_MAX_ORDER_NOTIONAL", notional),
        max_position_notional=_money(reader, "SPARK_MAX_POSITION", position),
        max_exposure=_money(reader, "SPARK_MAX_EXPOSURE", exposure),
        max_order_quantity=_quantities(reader, "SPARK_MAX_ORDER_QUANTITY", quantity),
        max_orders_per_second=reader.integer("SPARK_MAX_ORDERS_PER_SECOND", 100, at_least=1, at_most=MOST_COUNTED),
        duplicate_seconds=reader.seconds(
            "SPARK_DUPLICATE_SECONDS", 0.0, at_least=0.0, at_most=LONGEST_DUPLICATE_SECONDS
        ),
        max_executions=reader.integer("SPARK_MAX_EXECUTIONS_PER_MINUTE", 600, at_least=1, at_most=MOST_COUNTED),
        max_daily_loss_percent=reader.decimal("SPARK_MAX_DAILY_LOSS_PERCENT", "5", above="0", at_most=loss),
        max_drawdown_percent=reader.decimal("SPARK_MAX_DRAWDOWN_PERCENT", "20", above="0", at_most=loss),
        far_price_percent=reader.decimal("SPARK_FAR_PRICE_PERCENT", "50", above="0", at_most=far),
        symbol_price_collar_percent=_percents(
            reader, "SPARK_SYMBOL_PRICE_COLLAR_PERCENT", symbol_collars, LARGEST_COLLAR_PERCENT
        ),
        symbol_far_price_percent=_percents(reader, "SPARK_SYMBOL_FAR_PRICE_PERCENT", symbol_fars, LARGEST_FAR_PERCENT),
        max_open_orders=reader.integer("SPARK_MAX_OPEN_ORDERS", 20_000, at_least=1, at_most=MOST_OPEN_ORDERS),
        max_open_orders_per_symbol=reader.integer(
            "SPARK_MAX_OPEN_ORDERS_PER_SYMBOL", 5_000, at_least=1, at_most=MOST_OPEN_ORDERS
        ),
    )


def _check_ledger_url(reader: Reader, text: str) -> None:
    if not text:
        return
    try:
        url = sa.make_url(text)
    except sa.exc.ArgumentError:
        reader.fault(f"SPARK_LEDGER_URL: {_LEDGER_URL_RULE}")
        return
    if url.password:
        reader.fault(f"SPARK_LEDGER_URL: {_LEDGER_URL_RULE}; the password belongs into SPARK_LEDGER_PASSWORD_FILE")
    elif url.drivername != "postgresql+psycopg" or not (url.database and url.host and url.username):
        reader.fault(f"SPARK_LEDGER_URL={text!r}: {_LEDGER_URL_RULE}")
    elif not _LEDGER_OPTIONS.issuperset(url.query):
        reader.fault(f"SPARK_LEDGER_URL={text!r}: may have only {', '.join(sorted(_LEDGER_OPTIONS))} after the ?")
    elif not _is_near(url.host) and url.query.get("sslmode") != "verify-full":
        rule = "that server is elsewhere, so the address must end with ?sslmode=verify-full&sslrootcert=FILE"
        reader.fault(f"SPARK_LEDGER_URL={text!r}: {rule}")


def _is_near(host: str) -> bool:
    """Returns true for this machine, and for a container on a network of the stack's own."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return _NEAR_NAME.fullmatch(host) is not None


def _money(reader: Reader, name: str, text: str) -> dict[str, Decimal]:
    """Reads `TRY:5000000,USDT:100000`."""
    rule = "must be CURRENCY:AMOUNT pairs, none twice, amounts up to 10^12"
    return _pairs(
        reader,
        f"{name}={text!r}: {rule}",
        [part.strip().partition(":") for part in text.split(",")],
        _CURRENCY.fullmatch,
    )


def _quantities(reader: Reader, name: str, text: str) -> dict[str, Decimal]:
    """Reads `BTCTURK:BTCTRY=5,BIST:THYAO=10000`; empty for none."""
    rule = "must be VENUE:PAIR=QUANTITY pairs, none twice, quantities up to 10^12"
    parts = [part.strip().partition("=") for part in text.split(",") if part]
    return _pairs(reader, f"{name}={text!r}: {rule}", parts, symbol_form)


def _percents(reader: Reader, name: str, text: str, most: Decimal) -> dict[str, Decimal]:
    """Reads `BTCTURK:BTCTRY=3,BIST:THYAO=1.5`; empty for none."""
    rule = f"must be VENUE:PAIR=PERCENT pairs, none twice, above 0 and at most {plain_text(most)}"
    parts = [part.strip().partition("=") for part in text.split(",") if part]
    return _pairs(reader, f"{name}={text!r}: {rule}", parts, symbol_form, most)


def _pairs(
    reader: Reader,
    fault: str,
    parts: list[tuple[str, str, str]],
    key: Callable[[str], object],
    most: Decimal = LARGEST_AMOUNT,
) -> dict[str, Decimal]:
    amounts: dict[str, Decimal] = {}
    for name, _, number in parts:
        amount = Decimal(number) if is_plain(number) else Decimal(0)
        if not key(name) or name in amounts or not plain(amount) or not 0 < amount <= most:
            reader.fault(fault)
            return {}
        amounts[name] = amount
    return amounts
