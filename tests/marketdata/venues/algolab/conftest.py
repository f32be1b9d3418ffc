"""The waits that the broker's real feed needs, shortened: no test is about their length."""

from __future__ import annotations

import pytest

SHORTENED = {
    "session_keeper.LOOP_SECONDS": 0.05,
    "session_keeper.UNANSWERED_SECONDS": 0.3,
    "share.ASK_AGAIN_SECONDS": 0.2,
}


@pytest.fixture(autouse=True)
def _shortened(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, seconds in SHORTENED.items():
        monkeypatch.setattr(f"marketdata.venues.algolab.{name}", seconds)
