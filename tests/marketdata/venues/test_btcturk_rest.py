"""`exchangeinfo` becomes instruments, or says why not."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from common.wire import Instrument
from marketdata.venues.btcturk_rest import UnusableInfo, instruments


def _symbol(name: str = "ETHUSDT", **changed: Any) -> dict[str, Any]:
    price = {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minExchangeValue": "2.5", "minPrice": "0.0000000000001"}
    symbol = {
        "id": 20,
        "name": name,
        "status": "TRADING",
        "numerator": name[:3],
        "denominator": name[3:],
        "numeratorScale": 8,
        "filters": [price],
    }
    return symbol | changed


def _body(*symbols: dict[str, Any], **changed: Any) -> bytes:
    return json.dumps({"success": True, "message": None, "code": 0, "data": {"symbols": symbols}} | changed).encode()


def test_a_pair_becomes_an_instrument() -> None:
    assert instruments(_body(_symbol())) == {
        "ETHUSDT": Instrument(
            symbol="BTCTURK:ETHUSDT",
            base_asset="ETH",
            quote_currency="USDT",
            tick_size=Decimal("0.1"),
            lot_size=Decimal("0.00000001"),
            min_notional=Decimal("2.5"),
        )
    }


def test_numbers_are_taken_as_well_as_texts() -> None:
    rules = [{"filterType": "PRICE_FILTER", "tickSize": 0.001, "minExchangeValue": None}]
    found = instruments(_body(_symbol("USDTTRY", filters=rules)))["USDTTRY"]
    assert (found.tick_size, found.min_notional) == (Decimal("0.001"), Decimal(0))


@pytest.mark.parametrize(
    "changed",
    [
        {"status": "HALTED"},
        {"filters": []},
        {"numeratorScale": -1},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "0"}]},
        {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}]},
    ],
)
def test_a_pair_that_cannot_be_traded_is_left_out(changed: dict[str, Any]) -> None:
    assert set(instruments(_body(_symbol("BTCTRY"), _symbol("ETHTRY", **changed)))) == {"BTCTRY"}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'{"success":true}', _body(success=False), _body({"name": "BTCTRY"})]
)
def test_an_unusable_answer_says_so(body: bytes) -> None:
    with pytest.raises(UnusableInfo, match="exchangeinfo"):
        instruments(body)
