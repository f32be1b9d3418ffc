"""AlgoLab's signature and encryption, against vectors made with a key that is nobody's."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from marketdata.venues.algolab.signing import checker, encrypt, fingerprint, key_fault
from venue.algolab.crypto import decrypted

KEY = "API-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_the_sockets_signature_is_over_its_short_path() -> None:
    assert checker(KEY, "/ws") == "31aa67ff575d0767170b5430b6c2e80c9e85b557229366292fad5bb5f005a149"


def test_a_calls_signature_is_over_path_and_body() -> None:
    signature = checker(KEY, "/api/GetEquityInfo", '{"symbol":"TSKB"}')
    assert signature == "3105bdd3fb9cbe17fb8305e669d8e007269c2e889761854e1f7410d02bf8d69a"


def test_the_documents_own_example_doubles_the_path() -> None:
    assert checker(KEY, "/api/GetEquityInfo", doubled=True) == checker(KEY, "/api/api/GetEquityInfo")


@given(st.text(max_size=60))
def test_the_venue_reads_what_was_encrypted(text: str) -> None:
    assert decrypted(KEY, encrypt(KEY, text)) == text


@pytest.mark.parametrize(
    "key", ["", "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=", "API-", "API-AAEC", "API-*", "API-ü"]
)
def test_a_malformed_key_is_told_without_showing_it(key: str) -> None:
    fault = key_fault(key)
    assert fault is not None
    assert not key.removeprefix("API-") or key.removeprefix("API-") not in fault
    with pytest.raises(ValueError, match="API key"):
        encrypt(key, "text")


def test_a_fingerprint_tells_keys_apart_and_does_not_hold_them() -> None:
    assert key_fault(KEY) is None
    assert fingerprint(KEY) != fingerprint(KEY.replace("AAEC", "BBEC"))
    assert len(fingerprint(KEY)) == 16
