"""AlgoLab's REST answers."""

from __future__ import annotations

from decimal import Decimal

import pytest

from marketdata.rest.replies import UnusableAnswer
from marketdata.venues.algolab.answers import Refused, read_equity, read_refresh, read_text
from marketdata.venues.algolab.endpoints import body, call_headers, path
from marketdata.venues.algolab.instruments import instrument
from marketdata.venues.algolab.signing import checker

# The sample of the broker's document.
EQUITY = (
    b'{"success":true,"message":"","content":{"name":"TSKB","flr":"1.840","clg":"2.240","ask":"2.060","bid":"2.050",'
    b'"lst":"2.060","limit":"0.00","min":"","max":"","step":""}}'
)
KEY = "API-AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8="


def test_a_shares_limits_are_read() -> None:
    info = read_equity(EQUITY)
    assert (info.floor, info.ceiling, info.last) == (Decimal("1.840"), Decimal("2.240"), Decimal("2.060"))


@pytest.mark.parametrize("answer", [EQUITY, EQUITY.replace(b'"ask"', b'"x"').replace(b'"bid"', b'"ask"')])
def test_the_higher_price_is_the_ask_whatever_its_name(answer: bytes) -> None:
    swapped = answer.replace(b'"x"', b'"bid"')
    assert (read_equity(swapped).bid, read_equity(swapped).ask) == (Decimal("2.050"), Decimal("2.060"))


def test_a_side_without_a_quote_is_none() -> None:
    assert read_equity(EQUITY.replace(b'"2.050"', b'"0.000"')).bid is None


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"[]",
        b"\xff",
        b'{"success":true}',
        b'{"success":true,"content":[]}',
        b'{"success":true,"content":{"name":"TSKB","flr":"NaN","clg":"low","ask":"","bid":null,"lst":"0"}}',
    ],
)
def test_an_answer_that_can_not_be_meant_is_unusable(answer: bytes) -> None:
    with pytest.raises(UnusableAnswer):
        read_equity(answer)


def test_a_refusal_has_the_venues_words_cut() -> None:
    with pytest.raises(Refused, match=r"^wrong$"):
        read_text(b'{"success":false,"message":"wrong","content":null}', "token")
    with pytest.raises(Refused) as refusal:
        read_text(b'{"success":false,"message":"%s"}' % (b"x" * 5000), "token")
    assert len(str(refusal.value)) == 200


@pytest.mark.parametrize(("answer", "goes_on"), [(b"true", True), (b"false", False), (b'{"success":true}', True)])
def test_a_refresh_is_a_bare_boolean_or_in_the_envelope(answer: bytes, goes_on: bool) -> None:
    assert read_refresh(answer) is goes_on


def test_an_empty_object_is_signed_as_no_body() -> None:
    headers = call_headers(KEY, "hash", "SessionRefresh", body(), doubled=False)
    assert headers == {"APIKEY": KEY, "Authorization": "hash", "Checker": checker(KEY, "/api/SessionRefresh")}


def test_paths_and_bodies_are_as_the_signature_needs_them() -> None:
    assert path("GetEquityInfo") == "/api/api/GetEquityInfo"
    assert body(symbol="TSKB") == b'{"symbol":"TSKB"}'


def test_a_share_trades_in_single_pieces_for_lira() -> None:
    share = instrument("THYAO", Decimal("0.25"))
    assert (share.symbol, share.base_asset, share.quote_currency) == ("BIST:THYAO", "THYAO", "TRY")
    assert (share.tick_size, share.lot_size, share.min_notional) == (Decimal("0.25"), Decimal(1), Decimal(0))
