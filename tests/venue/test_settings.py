"""Wrong settings of the venue are told by name."""

from __future__ import annotations

import pytest

from common.settings import SettingsError
from venue.settings import Settings


def test_the_defaults_are_the_real_venues_pace() -> None:
    settings = Settings.from_environment({})
    assert (settings.websocket_port, settings.seed, settings.conflation_seconds) == (7002, 1, 0.76)
    assert (settings.admin, settings.dial_refusal) == (False, "429")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SPARK_VENUE_WS_PORT", "70000"),
        ("SPARK_VENUE_SEED", "-1"),
        ("SPARK_VENUE_CONFLATION_SECONDS", "0"),
        ("SPARK_VENUE_CONFLATION_SECONDS", "NaN"),
        ("SPARK_VENUE_ADMIN", "yes"),
        ("SPARK_VENUE_DIAL_REFUSAL", "500"),
    ],
)
def test_a_wrong_value_is_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"{name}='{value}'"):
        Settings.from_environment({name: value})
