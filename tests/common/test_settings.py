"""A wrong setting is told with variable, value and rule; all of them at once; and never a secret."""

from decimal import Decimal
from pathlib import Path

import pytest

from common.settings import Reader, ServiceSettings, SettingsError
from common.verifier import verifier_of


def _fault(reader: Reader) -> str:
    with pytest.raises(SettingsError) as caught:
        reader.check()
    return str(caught.value)


def test_defaults_hold_when_nothing_is_set() -> None:
    reader = Reader({})
    assert reader.text("SPARK_NAME", "someone") == "someone"
    assert reader.choice("SPARK_MARKET", "simulated", ("simulated", "live")) == "simulated"
    assert reader.integer("SPARK_COUNT", 3, at_least=1, at_most=9) == 3
    assert reader.decimal("SPARK_PERCENT", "2.5", above="0", at_most="50") == Decimal("2.5")
    assert reader.seconds("SPARK_AGE_SECONDS", 5.0) == 5.0
    assert reader.names("SPARK_PAIRS", "BTCTRY,ETHTRY") == ("BTCTRY", "ETHTRY")
    assert reader.url("SPARK_URL", "http://web:3003/") == "http://web:3003"
    reader.check()


def test_what_is_set_wins_over_the_default_and_loses_its_spaces() -> None:
    reader = Reader({"SPARK_NAME": " me ", "SPARK_COUNT": "7", "SPARK_PAIRS": "A, B", "SPARK_URL": "ws://venue:7002"})
    assert reader.text("SPARK_NAME", "someone") == "me"
    assert reader.integer("SPARK_COUNT", 3, at_least=1, at_most=9) == 7
    assert reader.names("SPARK_PAIRS", "X") == ("A", "B")
    assert reader.url("SPARK_URL", "ws://other", schemes=("ws", "wss")) == "ws://venue:7002"
    reader.check()


@pytest.mark.parametrize("value", ["", "   "])
def test_empty_means_not_set(value: str) -> None:
    reader = Reader({"SPARK_NAME": value})
    assert reader.text("SPARK_NAME", "someone") == "someone"
    reader.check()


def test_a_required_setting_that_is_missing_is_named() -> None:
    reader = Reader({})
    reader.text("SPARK_LEDGER_URL")
    assert "SPARK_LEDGER_URL is not set" in _fault(reader)


@pytest.mark.parametrize("value", ["2.5", "-1", "0", "10", "abc", "1e1", "٣", "0x3"])
def test_a_wrong_whole_number_is_told_with_its_bounds(value: str) -> None:
    reader = Reader({"SPARK_COUNT": value})
    reader.integer("SPARK_COUNT", 3, at_least=1, at_most=9)
    assert _fault(reader) == f"SPARK_COUNT={value!r}: must be a whole number from 1 to 9"


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "0", "50.01", "two", "1,5"])
def test_a_wrong_decimal_is_told_with_its_bounds(value: str) -> None:
    reader = Reader({"SPARK_PERCENT": value})
    reader.decimal("SPARK_PERCENT", "2", above="0", at_most="50")
    assert _fault(reader) == f"SPARK_PERCENT={value!r}: must be a number above 0 and at most 50"


def test_a_duration_must_be_above_nothing_and_at_most_a_day() -> None:
    reader = Reader({"SPARK_AGE_SECONDS": "86401"})
    reader.seconds("SPARK_AGE_SECONDS", 5.0)
    fault = _fault(reader)
    assert fault.startswith("SPARK_AGE_SECONDS='86401'")
    assert "86400" in fault


@pytest.mark.parametrize("value", ["0", "0.0", "-0", "86400"])
def test_a_duration_of_at_least_nothing_may_be_nothing(value: str) -> None:
    reader = Reader({"SPARK_AGE_SECONDS": value})
    assert reader.seconds("SPARK_AGE_SECONDS", 5.0, at_least=0.0) == float(value)
    reader.check()


@pytest.mark.parametrize("value", ["-0.5", "-1e-9", "86400.1", "NaN", "inf"])
def test_a_duration_below_nothing_is_told_with_its_bounds(value: str) -> None:
    reader = Reader({"SPARK_AGE_SECONDS": value})
    reader.seconds("SPARK_AGE_SECONDS", 5.0, at_least=0.0)
    assert _fault(reader) == f"SPARK_AGE_SECONDS={value!r}: must be a number of at least 0.0 and at most 86400.0"


@pytest.mark.parametrize(("value", "fine"), [("5", True), ("4.99", False)])
def test_a_decimal_may_have_a_smallest_value(value: str, fine: bool) -> None:
    reader = Reader({"SPARK_PERCENT": value})
    reader.decimal("SPARK_PERCENT", "6", at_least="5", at_most="50")
    if fine:
        reader.check()
    else:
        assert _fault(reader) == f"SPARK_PERCENT={value!r}: must be a number of at least 5 and at most 50"


def test_addresses_lose_their_spaces_and_trailing_slashes() -> None:
    reader = Reader({"SPARK_URLS": "http://executor-1:4001/, https://executor-2:4001"})
    assert reader.urls("SPARK_URLS", "http://x") == ("http://executor-1:4001", "https://executor-2:4001")
    reader.check()


@pytest.mark.parametrize(
    "value", ["http://a,", ",http://a", "http://a,http://a", "http://a,http://a/", "http://a,ftp://b", "a", "http://"]
)
def test_one_wrong_address_of_several_is_told_with_the_rule(value: str) -> None:
    reader = Reader({"SPARK_URLS": value})
    reader.urls("SPARK_URLS", "http://x")
    rule = "must be addresses separated by commas, none twice, each beginning with http://, https://"
    assert _fault(reader) == f"SPARK_URLS={value!r}: {rule}"


def test_every_service_has_the_same_four_settings() -> None:
    reader = Reader(
        {"SPARK_SERVICE": "web-2", "SPARK_REPLICA": "2", "SPARK_MARKET": "live", "SPARK_RECYCLE_MIB": "300"}
    )
    assert reader.service("web") == ServiceSettings("web-2", "2", "live", 300)
    assert Reader({}).service("web") == ServiceSettings("web", "1", "simulated", 0)
    reader.check()


def test_what_is_wrong_in_them_is_told_with_the_rest() -> None:
    reader = Reader({"SPARK_MARKET": "paper", "SPARK_RECYCLE_MIB": "-1", "SPARK_COUNT": "x"})
    reader.service("web")
    reader.integer("SPARK_COUNT", 3, at_least=1, at_most=9)
    reader.fault("SPARK_COUNT: is less than SPARK_OTHER")
    assert [line.partition("=")[0].partition(":")[0] for line in _fault(reader).splitlines()] == [
        "SPARK_MARKET",
        "SPARK_RECYCLE_MIB",
        "SPARK_COUNT",
        "SPARK_COUNT",
    ]


def test_a_wrong_choice_is_told_with_the_choices() -> None:
    reader = Reader({"SPARK_MARKET": "Live"})
    reader.choice("SPARK_MARKET", "simulated", ("simulated", "live"))
    assert _fault(reader) == "SPARK_MARKET='Live': must be one of simulated, live"


@pytest.mark.parametrize("value", ["A,,B", "A,B,A", ",", "A,"])
def test_a_list_has_no_empty_name_and_none_twice(value: str) -> None:
    reader = Reader({"SPARK_PAIRS": value})
    reader.names("SPARK_PAIRS", "X")
    assert _fault(reader).startswith(f"SPARK_PAIRS={value!r}: must be names separated by commas")


@pytest.mark.parametrize("value", ["web:3003", "ftp://web", "http://", "//web", "http:web"])
def test_an_address_needs_its_scheme_and_a_host(value: str) -> None:
    reader = Reader({"SPARK_URL": value})
    reader.url("SPARK_URL", "http://web:3003")
    assert _fault(reader) == f"SPARK_URL={value!r}: must be an address that begins with http://, https://"


def test_all_faults_are_told_at_once_a_line_for_each() -> None:
    reader = Reader({"SPARK_COUNT": "x", "SPARK_MARKET": "y"})
    reader.integer("SPARK_COUNT", 3, at_least=1, at_most=9)
    reader.choice("SPARK_MARKET", "simulated", ("simulated", "live"))
    reader.text("SPARK_NAME")
    assert [line.split("=")[0].split(" ")[0] for line in _fault(reader).splitlines()] == [
        "SPARK_COUNT",
        "SPARK_MARKET",
        "SPARK_NAME",
    ]


def test_a_secret_is_read_from_the_file_that_the_variable_names(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    reader = Reader({"SPARK_TOKEN_FILE": str(tmp_path / "token")})
    assert reader.secret("SPARK_TOKEN") == "s3cret"
    reader.check()


def test_a_secret_given_directly_is_not_taken() -> None:
    reader = Reader({"SPARK_TOKEN": "s3cret"})
    assert reader.secret("SPARK_TOKEN") == ""
    fault = _fault(reader)
    assert "SPARK_TOKEN_FILE is not set" in fault
    assert "s3cret" not in fault


def test_a_secret_file_that_is_missing_is_named_with_the_reason(tmp_path: Path) -> None:
    reader = Reader({"SPARK_TOKEN_FILE": str(tmp_path / "nowhere")})
    reader.secret("SPARK_TOKEN")
    fault = _fault(reader)
    assert fault.startswith("SPARK_TOKEN_FILE=")
    assert "FileNotFoundError" in fault


@pytest.mark.parametrize("content", [b"", b" \n"])
def test_an_empty_secret_file_is_a_fault(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "token").write_bytes(content)
    reader = Reader({"SPARK_TOKEN_FILE": str(tmp_path / "token")})
    reader.secret("SPARK_TOKEN")
    assert "the file is empty" in _fault(reader)


def test_no_part_of_an_unreadable_secret_is_told(tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(b"hush-hush\xff\xfe")
    reader = Reader({"SPARK_TOKEN_FILE": str(tmp_path / "token")})
    reader.secret("SPARK_TOKEN")
    fault = _fault(reader)
    assert "UnicodeDecodeError" in fault
    assert "hush" not in fault


def test_a_verifier_is_read_from_its_file(tmp_path: Path) -> None:
    (tmp_path / "verifier").write_text(verifier_of("a token") + "\n")
    reader = Reader({"SPARK_DOOR_FILE": str(tmp_path / "verifier")})
    assert reader.verifier("SPARK_DOOR") == verifier_of("a token")
    reader.check()


@pytest.mark.parametrize("content", ["the-token-itself", "A" * 64, "a" * 63, "a" * 65, "g" * 64])
def test_a_file_that_holds_no_verifier_is_a_fault_and_is_not_repeated(tmp_path: Path, content: str) -> None:
    """A token in the place of its verifier would never open the door, and would be a secret too many."""
    (tmp_path / "verifier").write_text(content)
    reader = Reader({"SPARK_DOOR_FILE": str(tmp_path / "verifier")})
    assert reader.verifier("SPARK_DOOR") == ""
    told = _fault(reader)
    assert "SPARK_DOOR_FILE" in told
    assert content not in told


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SPARK_NAME", "from outside")
    assert Reader().text("SPARK_NAME", "someone") == "from outside"
