from __future__ import annotations

from pathlib import Path

import pytest

from common.settings import SettingsError
from web.settings import Settings


@pytest.fixture
def token_file(tmp_path: Path) -> str:
    file = tmp_path / "token"
    file.write_text("secret-of-the-test\n")
    return str(file)


def test_the_defaults_are_the_addresses_inside_the_stack(token_file: str) -> None:
    settings = Settings.from_environment({"SPARK_ALERT_TOKEN_FILE": token_file})
    assert settings.market == "simulated"
    assert settings.alert_token == "secret-of-the-test"
    assert settings.targets() == {
        "marketdata": "http://marketdata:5001/readyz",
        "executor-1": "http://executor-1:4001/readyz",
        "executor-2": "http://executor-2:4001/readyz",
        "canary": "http://canary:6001/readyz",
        "prometheus": "http://prometheus:9090/-/ready",
        "alertmanager": "http://alertmanager:9093/-/ready",
    }


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_MARKET", "real"),
        ("SPARK_MARKETDATA_URL", "marketdata:5001"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,executor-2"),
        ("SPARK_EXECUTOR_URLS", "http://executor-1:4001,"),
        ("SPARK_CANARY_URL", "ftp://canary"),
        ("SPARK_QUOTE_STALE_SECONDS", "NaN"),
        ("SPARK_QUOTE_STALE_SECONDS", "0"),
        ("SPARK_ALERT_TOKEN_FILE", "/does/not/exist"),
    ],
)
def test_a_wrong_setting_is_named_with_its_value(token_file: str, name: str, value: str) -> None:
    with pytest.raises(SettingsError) as failure:
        Settings.from_environment({"SPARK_ALERT_TOKEN_FILE": token_file} | {name: value})
    assert name in str(failure.value)
    assert "secret-of-the-test" not in str(failure.value)


def test_the_alert_token_is_required() -> None:
    with pytest.raises(SettingsError, match="SPARK_ALERT_TOKEN_FILE"):
        Settings.from_environment({})
