"""The market decides the addresses; wrong settings are told by name."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from common.settings import SettingsError
from common.tape import VERSION, TapeHead, head_bytes
from common.verifier import verifier_of
from marketdata.settings import Settings
from marketdata.tape.blocks import packed
from marketdata.venues.algolab.settings import AlgolabSettings, is_loopback

SECRETS = ("SPARK_ALGOLAB_API_KEY", "SPARK_ALGOLAB_USERNAME", "SPARK_ALGOLAB_PASSWORD")
VERIFIER = "SPARK_OPERATOR_VERIFIER"


@pytest.fixture
def secrets(tmp_path: Path) -> dict[str, str]:
    """Variables that name a file for each secret."""
    for name in SECRETS:
        (tmp_path / name).write_text(f"of {name}\n")
    (tmp_path / VERIFIER).write_text(verifier_of("the-operators-token"))
    return {f"{name}_FILE": str(tmp_path / name) for name in (*SECRETS, VERIFIER)}


def read(**variables: str) -> Settings:
    """Settings without Borsa Istanbul."""
    return Settings.from_environment({"SPARK_BIST_SYMBOLS": "none"} | variables)


def bist(variables: dict[str, str]) -> AlgolabSettings:
    settings = Settings.from_environment(variables).algolab
    assert settings is not None
    return settings


def _tape(folder: Path, market: str) -> str:
    """The path of a tape of a market."""
    path = folder / f"{market}.tape.gz"
    path.write_bytes(packed(head_bytes(TapeHead(VERSION, "0", market, 1_790_000_000.0))))
    return str(path)


def test_simulated_is_the_default_and_stays_inside_the_stack(secrets: dict[str, str]) -> None:
    settings = Settings.from_environment(secrets)
    assert settings.service.market == "simulated"
    assert settings.btcturk.pairs == ("BTCTRY", "ETHTRY", "USDTTRY", "BTCUSDT", "ETHUSDT")
    own = bist(secrets)
    addresses = [*vars(settings.btcturk.addresses).values(), *vars(own.addresses).values()]
    assert len(addresses) == 6
    assert all("://venue:" in address for address in addresses)


def test_live_differs_in_the_market_and_the_addresses_alone() -> None:
    live, simulated = read(SPARK_MARKET="live"), read()
    assert replace(live, service=simulated.service, btcturk=simulated.btcturk) == simulated
    assert replace(live.service, market="simulated") == simulated.service
    assert replace(live.btcturk, addresses=simulated.btcturk.addresses) == simulated.btcturk
    assert live.btcturk.addresses.websocket == "wss://ws-feed-pro.btcturk.com"
    assert live.btcturk.addresses.rest == "https://api.btcturk.com"


def test_the_last_known_instruments_are_kept_where_all_data_is() -> None:
    path = read(SPARK_DATA_DIR="/somewhere").btcturk.instruments_file
    assert (path, read().btcturk.instruments_file) == (
        Path("/somewhere/btcturk_instruments.json"),
        Path("/data/btcturk_instruments.json"),
    )


def test_an_address_of_ones_own_wins_in_either_market() -> None:
    addresses = read(SPARK_MARKET="live", SPARK_BTCTURK_WS_URL="ws://127.0.0.1:9").btcturk.addresses
    assert (addresses.websocket, addresses.rest) == ("ws://127.0.0.1:9", "https://api.btcturk.com")


def test_borsa_istanbul_is_followed_in_the_simulated_market_and_on_request_in_the_live_one(
    secrets: dict[str, str],
) -> None:
    live = secrets | {"SPARK_MARKET": "live"}
    assert "THYAO" in bist(secrets).symbols
    assert Settings.from_environment(live).algolab is None
    assert bist(live | {"SPARK_BIST_SYMBOLS": "GARAN"}).symbols == ("GARAN",)


def test_sessions_are_real_where_the_market_is(secrets: dict[str, str]) -> None:
    live = secrets | {"SPARK_MARKET": "live", "SPARK_BIST_SYMBOLS": "GARAN"}
    assert (bist(secrets).sessions, bist(live).sessions) == ("always", "real")
    assert bist(secrets | {"SPARK_BIST_SESSIONS": "real"}).sessions == "real"


def test_a_live_feed_of_the_exchange_needs_each_secret_by_name(secrets: dict[str, str]) -> None:
    for missing in secrets:
        rest = {name: value for name, value in secrets.items() if name != missing}
        with pytest.raises(SettingsError, match=missing):
            Settings.from_environment(rest | {"SPARK_MARKET": "live", "SPARK_BIST_SYMBOLS": "GARAN"})


@pytest.mark.parametrize("address", ["0.0.0.0", "192.168.1.5", "::", "somewhere"])  # noqa: S104 - what is refused
def test_licensed_data_is_not_published_beyond_this_machine(secrets: dict[str, str], address: str) -> None:
    live = secrets | {"SPARK_MARKET": "live", "SPARK_BIST_SYMBOLS": "GARAN", "SPARK_BIND": address}
    with pytest.raises(SettingsError, match="SPARK_BIST_REDISTRIBUTION=licensed"):
        Settings.from_environment(live)
    assert bist(live | {"SPARK_BIST_REDISTRIBUTION": "licensed"}).symbols == ("GARAN",)
    assert bist(secrets | {"SPARK_BIND": address}).symbols


@pytest.mark.parametrize("market", ["live", "another"])
def test_a_replay_of_licensed_data_is_not_published_beyond_this_machine(
    secrets: dict[str, str], tmp_path: Path, market: str
) -> None:
    replay = secrets | {"SPARK_VENUE_TAPE": _tape(tmp_path, market), "SPARK_REPLAY_FROM": "1790000000"}
    beyond = replay | {"SPARK_BIND": "192.168.1.5"}
    with pytest.raises(SettingsError, match="SPARK_BIST_REDISTRIBUTION=licensed"):
        Settings.from_environment(beyond)
    assert bist(beyond | {"SPARK_BIST_REDISTRIBUTION": "licensed"}).symbols
    assert bist(replay | {"SPARK_BIND": "127.0.0.1"}).symbols
    assert Settings.from_environment(beyond | {"SPARK_BIST_SYMBOLS": "none"}).algolab is None


def test_a_replay_of_the_simulated_market_may_be_published_anywhere(secrets: dict[str, str], tmp_path: Path) -> None:
    assert bist(secrets | {"SPARK_VENUE_TAPE": _tape(tmp_path, "simulated"), "SPARK_BIND": "192.168.1.5"}).symbols


def test_a_tape_that_cannot_be_read_is_not_taken_for_one_without_licensed_data(
    secrets: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "broken.tape.gz").write_text("no tape")
    for path in (tmp_path / "broken.tape.gz", tmp_path / "none.tape.gz"):
        with pytest.raises(SettingsError, match="SPARK_VENUE_TAPE"):
            Settings.from_environment(secrets | {"SPARK_VENUE_TAPE": str(path), "SPARK_BIND": "192.168.1.5"})


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.9.10", "::1", "[::1]", "localhost"])
def test_licensed_data_may_be_published_on_this_machine_however_its_address_is_written(
    secrets: dict[str, str], address: str
) -> None:
    live = secrets | {"SPARK_MARKET": "live", "SPARK_BIST_SYMBOLS": "GARAN", "SPARK_BIND": address}
    assert bist(live).symbols == ("GARAN",)


@pytest.mark.parametrize("address", ["[::1", "[", "", "::", "[::]", "localhost.example", "10.0.0.1", "::ffff:10.0.0.1"])
def test_what_is_no_loopback_address_is_not_taken_for_one(address: str) -> None:
    assert not is_loopback(address)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_MARKET", "dreamt"),
        ("SPARK_BTCTURK_WS_URL", "http://venue:7002"),
        ("SPARK_BTCTURK_REST_URL", "venue"),
        ("SPARK_BTCTURK_CHART_URL", "ws://venue"),
        ("SPARK_BTCTURK_PAIRS", "BTCTRY,,ETHTRY"),
        ("SPARK_BTCTURK_PAIRS", "BTCTRY,BTCTRY"),
        ("SPARK_BTCTURK_BOOKS", "depth"),
        ("SPARK_QUOTE_STALE_SECONDS", "-5"),
        ("SPARK_STREAMS_MAX", "0"),
        ("SPARK_FEED_QUEUE_LIMIT", "1.5"),
        ("SPARK_BOOK_AUDIT_SECONDS", "often"),
        ("SPARK_BOOK_AUDIT_SECONDS", "-0.5"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        read(**{name: value})


def test_all_wrong_values_are_told_together(secrets: dict[str, str]) -> None:
    wrong = {
        "SPARK_MARKET": "dreamt",
        "SPARK_BTCTURK_BOOKS": "depth",
        "SPARK_BIST_SYMBOLS": "A,A",
        "SPARK_STREAMS_MAX": "0",
    }
    with pytest.raises(SettingsError) as told:
        Settings.from_environment(secrets | wrong)
    assert all(f"{name}=" in str(told.value) for name in wrong)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_BIST_SYMBOLS", "THYAO,THYAO"),
        ("SPARK_BIST_SESSIONS", "sometimes"),
        ("SPARK_BIST_DEPTH", "deep"),
        ("SPARK_ALGOLAB_WS_URL", "http://venue:7003"),
        ("SPARK_ALGOLAB_REST_URL", "venue"),
        ("SPARK_ALGOLAB_SMS_URL", "venue"),
        ("SPARK_BIST_REDISTRIBUTION", "yes"),
    ],
)
def test_a_wrong_value_for_borsa_istanbul_is_named(secrets: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment(secrets | {name: value})


def test_the_live_feed_of_the_exchange_without_credentials_says_how_to_give_them() -> None:
    with pytest.raises(SettingsError, match="make bist-credentials"):
        Settings.from_environment(
            {"SPARK_MARKET": "live", "SPARK_BIST_SYMBOLS": "THYAO", "SPARK_ALGOLAB_API_KEY_FILE": "/nowhere"}
        )
