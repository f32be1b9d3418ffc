"""Settings: the defaults, and each wrong value told by name before anything starts."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path

import pytest

from common.settings import ServiceSettings, SettingsError
from common.verifier import verifier_of
from executor.settings import Settings

VERIFIER = verifier_of("token-of-the-operator")


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "verifier").write_text(f"{VERIFIER}\n")
    (tmp_path / "peers").write_text("secret-of-the-peers\n")
    (tmp_path / "password").write_text("pass-of-the-ledger\n")
    return {
        "SPARK_LEDGER_URL": "postgresql+psycopg://spark@postgres:5432/spark",
        "SPARK_LEDGER_PASSWORD_FILE": str(tmp_path / "password"),
        "SPARK_OPERATOR_VERIFIER_FILE": str(tmp_path / "verifier"),
        "SPARK_PEER_SECRET_FILE": str(tmp_path / "peers"),
    }


def test_the_defaults_are_the_documented_ones(environment: dict[str, str]) -> None:
    settings = Settings.from_environment(environment)
    assert settings.service == ServiceSettings("executor", "1", "simulated")
    assert (settings.operator_verifier, settings.ledger.password) == (VERIFIER, "pass-of-the-ledger")
    assert settings.peers.key == b"secret-of-the-peers"
    assert settings.ledger.account == "paper"
    assert settings.ledger.starting_cash == {"TRY": Decimal(5_000_000), "USDT": Decimal(100_000)}
    assert settings.limits.max_order_notional == {"TRY": Decimal(500_000), "USDT": Decimal(15_000)}
    assert (settings.limits.quote_stale_seconds, settings.limits.price_collar_percent) == (5.0, Decimal(2))
    assert settings.marketdata_url == "http://marketdata:5001"
    assert settings.switches_all
    assert not Settings.from_environment({**environment, "SPARK_KILL_SWITCH_OF_ALL": "off"}).switches_all


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_LEDGER_URL", ""),
        ("SPARK_LEDGER_URL", "mysql://spark@db/spark"),
        ("SPARK_LEDGER_URL", "sqlite://"),
        ("SPARK_LEDGER_URL", "nonsense"),
        ("SPARK_LEDGER_PASSWORD_FILE", ""),
        ("SPARK_OPERATOR_VERIFIER_FILE", "/nowhere"),
        ("SPARK_OPERATOR_VERIFIER_FILE", ""),
        ("SPARK_PEER_SECRET_FILE", ""),
        ("SPARK_MARKETDATA_URL", "ftp://marketdata"),
        ("SPARK_ACCOUNT", "Paper Account"),
        ("SPARK_STARTING_CASH", "TRY"),
        ("SPARK_STARTING_CASH", "TRY:1,TRY:2"),
        ("SPARK_STARTING_CASH", "TRY:NaN"),
        ("SPARK_STARTING_CASH", "TRY:-5"),
        ("SPARK_MAX_ORDER_NOTIONAL", "TRY:1e99"),
        ("SPARK_PRICE_COLLAR_PERCENT", "0"),
        ("SPARK_QUOTE_STALE_SECONDS", "soon"),
        ("SPARK_DUPLICATE_SECONDS", "-0.5"),
        ("SPARK_EQUITY_CURRENCY", "EUR"),
        ("SPARK_MAX_ORDER_QUANTITY", "BTCTRY=5"),
        ("SPARK_TAKER_FEE_PERCENT", "-0.1"),
        ("SPARK_MAKER_FEE_PERCENT", "11"),
        ("SPARK_MARKET", "real"),
        ("SPARK_KILL_SWITCH_OF_ALL", "no"),
    ],
)
def test_a_wrong_value_is_named(environment: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        Settings.from_environment({**environment, name: value})


def test_all_wrong_values_are_told_together(environment: dict[str, str]) -> None:
    wrong = {
        "SPARK_MARKET": "real",
        "SPARK_LEDGER_URL": "nonsense",
        "SPARK_OPERATOR_VERIFIER_FILE": "/nowhere",
        "SPARK_ACCOUNT": "Paper Account",
        "SPARK_EQUITY_CURRENCY": "EUR",
        "SPARK_MAX_ORDER_NOTIONAL": "TRY:1e99",
        "SPARK_MAX_POSITION": "TRY",
        "SPARK_MAX_EXPOSURE": "TRY:-1",
        "SPARK_MAX_ORDER_QUANTITY": "BTCTRY=5",
        "SPARK_QUOTE_STALE_SECONDS": "soon",
        "SPARK_PRICE_COLLAR_PERCENT": "0",
        "SPARK_DUPLICATE_SECONDS": "-0.5",
        "SPARK_MAX_ORDERS_PER_SECOND": "0",
        "SPARK_TAKER_FEE_PERCENT": "-0.1",
        "SPARK_MAKER_FEE_PERCENT": "11",
        "SPARK_MAX_DAILY_LOSS_PERCENT": "101",
    }
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**environment, **wrong})
    lines = str(caught.value).splitlines()
    assert sorted(line.partition("=")[0].partition(":")[0] for line in lines) == sorted(wrong)


@pytest.mark.parametrize(
    "place",
    [
        "postgres:5432/spark",
        "localhost/spark",
        "127.0.0.1:5432/spark",
        "[::1]:5432/spark",
        "postgres:5432/spark?sslmode=verify-full&sslrootcert=/run/ca.pem",
        "db.example.org/spark?sslmode=verify-full&sslrootcert=/run/ca.pem",
        "192.0.2.7/spark?sslmode=verify-full&sslcert=/run/c.pem&sslkey=/run/k.pem",
    ],
)
def test_a_ledger_is_near_or_proves_itself_by_tls(environment: dict[str, str], place: str) -> None:
    environment["SPARK_LEDGER_URL"] = f"postgresql+psycopg://spark@{place}"
    assert Settings.from_environment(environment).ledger.url == environment["SPARK_LEDGER_URL"]


@pytest.mark.parametrize(
    "place",
    [
        "db.example.org/spark",
        "db.example.org/spark?sslmode=require",
        "db.example.org/spark?sslmode=verify-ca&sslrootcert=/run/ca.pem",
        "db.example.org/spark?sslrootcert=/run/ca.pem",
        "db.example.org/spark?sslmode=verify-full&sslmode=disable",
        "db.example.org/spark?sslmode=VERIFY-FULL",
        "postgres./spark",
        "192.0.2.7/spark",
        "10.0.0.7/spark",
        "0.0.0.0/spark",
        "3221225991/spark",
        "0xc0000207/spark",
        "[2001:db8::7]/spark",
        "[::ffff:192.0.2.7]/spark",
        "postgres,db.example.org/spark",
        "postgres/spark?host=db.example.org",
        "postgres/spark?hostaddr=192.0.2.7",
        "postgres/spark?service=other",
        "postgres/spark?options=-c%20role%3Dspark",
        "/spark",
    ],
)
def test_a_ledger_elsewhere_without_proof_is_refused(environment: dict[str, str], place: str) -> None:
    environment["SPARK_LEDGER_URL"] = f"postgresql+psycopg://spark@{place}"
    with pytest.raises(SettingsError, match="SPARK_LEDGER_URL"):
        Settings.from_environment(environment)


def test_wrong_starting_cash_is_told_once(environment: dict[str, str]) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({**environment, "SPARK_STARTING_CASH": "TRY:-5"})
    assert str(caught.value).count("SPARK_") == 1


def test_a_password_in_the_address_is_refused_and_not_repeated(environment: dict[str, str]) -> None:
    environment["SPARK_LEDGER_URL"] = "postgresql+psycopg://spark:hunter2@postgres/spark"
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment(environment)
    assert "SPARK_LEDGER_PASSWORD_FILE" in str(caught.value)
    assert "hunter2" not in str(caught.value)
